/** What Edit can do, on a sample picture, for who has none at hand. */

import { send } from "../gateway/send.js";
import { wordsOf } from "../state/language.js";
import { html, useRef } from "../ui/html.js";
import { addressOf, EXAMPLES } from "./examples.js";

const SAMPLE = EXAMPLES[0];

/** @param {{draft: EditDraft}} props */
export function EditExamples({ draft }) {
  const words = wordsOf("editIdeas");
  /** @type {Ref<HTMLElement>} */
  const place = useRef(null);
  /** @param {string} instruction  @param {boolean} fillOnly */
  const choose = async (instruction, fillOnly) => {
    const bench = place.current?.closest(".bench");
    const picture = await (await send(addressOf(SAMPLE))).blob();
    draft.prompt.value = instruction;
    draft.take(picture);
    if (!fillOnly) requestAnimationFrame(() => /** @type {HTMLFormElement?} */ (bench?.querySelector(".request form"))?.requestSubmit());
  };
  if (draft.images.value.length > 0) return null;
  return html`
    <section class="edit-ideas" ref=${place} aria-label=${words.title}>
      <img src=${addressOf(SAMPLE)} alt=${words.sample} width="384" height="384" loading="lazy" />
      <div>
        <p>${words.title}</p>
        <div class="tools">
          ${[words.night, words.watercolour, words.remove, words.snow].map((text) => html`
            <button key=${text} class="button button-quiet" type="button" onClick=${(/** @type {MouseEvent} */ event) => choose(text, event.shiftKey)}>${text}</button>`)}
        </div>
      </div>
    </section>`;
}
