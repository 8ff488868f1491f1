/** Lies over a picture while pictures are to be blurred, until it is asked for. Its place must be positioned. */

import { blur } from "../state/blur.js";
import { wordsOf } from "../state/language.js";
import { html, useSignal } from "./html.js";

/** Pictures that were asked for. @type {WeakSet<object>} */
const asked = new WeakSet();

/** @param {{of?: object | null, onLift?: () => void}} props  `of`: the picture, once there is more than a preview */
export function Veil({ of, onLift }) {
  const lifted = useSignal(false);
  if (of && lifted.value) asked.add(of); // wherever it is shown
  if (!blur.value || lifted.value || (of && asked.has(of))) return null;
  const lift = () => {
    lifted.value = true;
    onLift?.();
  };
  return html`<button class="veil" type="button" onClick=${lift}><span>${wordsOf("settings").reveal}</span></button>`;
}
