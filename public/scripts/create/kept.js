/** The pictures that this browser has kept, for the film and for the examples. */

import { listKept, revision } from "../state/gallery.js";
import { signal, useEffect } from "../ui/html.js";

/** @type {Signal<Kept[]>} newest first */
const kept = signal([]);

/** @returns {Kept[]} empty until they are read, and where the browser keeps none */
export function useKept() {
  useEffect(() => {
    listKept().then((rows) => { kept.value = rows; }, () => {});
  }, [revision.value]);
  return kept.value;
}
