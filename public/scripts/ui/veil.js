/** Lies over a picture while pictures are to be blurred, until it is asked for. Its place must be positioned. */

import { blur } from "../state/blur.js";
import { wordsOf } from "../state/language.js";
import { html, useSignal } from "./html.js";

export function Veil() {
  const shown = useSignal(false);
  if (!blur.value || shown.value) return null;
  return html`<button class="veil" type="button" onClick=${() => { shown.value = true; }}><span>${wordsOf("settings").reveal}</span></button>`;
}
