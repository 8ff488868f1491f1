/** Where something is painted and the model takes no mask: another that does. */

import { accessTo, can } from "../state/catalog.js";
import { fill, wordsOf } from "../state/language.js";
import { html } from "../ui/html.js";

/** @param {{draft: EditDraft}} props */
export function MaskOffer({ draft }) {
  const words = wordsOf("edit");
  const model = draft.model.value;
  if (!model || model.capabilities?.mask || !can(model, "edit")) return null;
  const able = draft.choices.value.filter(({ capabilities }) => capabilities?.mask);
  const other = able.find((known) => accessTo(known) === "free") ?? able.find((known) => accessTo(known) === "ready");
  return html`
    <div class="card mask-offer">
      <p role="status">${fill(words.noMask, { name: model.name })}</p>
      ${other && html`
        <button class="button" type="button" onClick=${() => { draft.modelId.value = other.id; }}>${fill(words.switchTo, { name: other.name })}</button>`}
    </div>`;
}
