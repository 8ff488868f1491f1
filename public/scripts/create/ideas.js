/** A wall of examples: a click paints one, and Shift with it only fills in the form. */

import { wordsOf } from "../state/language.js";
import { BlobImage } from "../ui/blob-image.js";
import { html } from "../ui/html.js";
import { addressOf, EXAMPLES, promptOf } from "./examples.js";

/** @param {{kept: Kept[], onChoose: (example: Example, fillOnly: boolean) => void}} props  kept: what was painted here */
export function Ideas({ kept, onChoose }) {
  const words = wordsOf("stage");
  return html`
    <p class="hint">${words.lead}</p>
    <ul class="ideas">
      ${EXAMPLES.map((example) => {
        const own = kept.find(({ order }) => order.prompt === promptOf(example));
        return html`
          <li key=${example.id}>
            <button type="button" title=${words.ideaHint} onClick=${(/** @type {MouseEvent} */ event) => onChoose(example, event.shiftKey)}>
              ${own
                ? html`<${BlobImage} blob=${own.thumbnail} alt="" />`
                : html`<img src=${addressOf(example)} alt="" width="384" height="384" loading="lazy" />`}
              <span><b>${promptOf(example)}</b></span>
            </button>
          </li>`;
      })}
    </ul>`;
}
