/** Two pictures, one over the other, and a slider that parts them. */

import { fill, wordsOf } from "../state/language.js";
import { BlobImage } from "./blob-image.js";
import { html, useSignal } from "./html.js";

/** @param {{before: Blob, children?: Children}} props  children: what came of it */
export function BeforeAfter({ before, children }) {
  const words = wordsOf("edit");
  const percent = useSignal("50");
  return html`
    <div class="before-after" ref=${(/** @type {HTMLElement?} */ element) => element?.style.setProperty("--at", `${percent.value}%`)}>
      ${children}
      <${BlobImage} blob=${before} alt=${words.before} />
      <span aria-hidden="true">${words.before}</span><span aria-hidden="true">${words.after}</span>
      <input type="range" value=${percent.value} aria-label=${words.slider} aria-valuetext=${fill(words.sliderAt, { percent: percent.value })}
        onInput=${(/** @type {any} */ event) => { percent.value = event.currentTarget.value; }} />
    </div>`;
}
