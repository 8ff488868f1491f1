/** Finished pictures are deleted at once, wherever they are shown, and for some seconds they can be had back. */

import { offerUndo } from "../ui/undo.js";
import { forget, listKept, restore } from "./gallery.js";
import { jobs } from "./jobs.js";
import { fill, wordsOf } from "./language.js";

/** @param {Picture | Past} picture @returns {string | undefined} */
export const keptIdOf = (picture) => ("keptId" in picture ? picture.keptId : "id" in picture && picture.blob ? picture.id : undefined);

/**
 * @param {(Picture | Past)[]} pictures  of this browser
 * @param {() => void} [onUndo]
 */
export async function removePictures(pictures, onUndo) {
  const ids = new Set(pictures.map(keptIdOf));
  const rows = (await listKept()).filter(({ id }) => ids.has(id));
  const before = jobs.value.map(({ slots }) => /** @type {const} */ ([slots, slots.value]));
  await forget(...rows.map(({ id }) => id));
  for (const [slots, known] of before) {
    const left = known.filter(({ picture }) => !picture?.keptId || !ids.has(picture.keptId));
    if (left.length < known.length) slots.value = left;
  }
  const words = wordsOf("undo");
  offerUndo({
    text: pictures.length === 1 ? words.deletedOne : fill(words.deleted, { count: pictures.length }),
    undo: async () => {
      await restore(rows);
      for (const [slots, known] of before) if (slots.value.length < known.length) slots.value = known;
      onUndo?.();
    },
  });
}
