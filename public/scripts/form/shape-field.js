/** The shape of the picture, as chips with the sizes that the model paints. */

import { wordsOf } from "../state/language.js";
import { sizeLike } from "../state/picture-size.js";
import { parametersFor, shapesOf, tiersOf } from "../state/parameters.js";
import { html } from "../ui/html.js";
import { Choice } from "./fields.js";

/** @param {{draft: Draft, model: Model}} props */
export function ShapeField({ draft, model }) {
  const words = wordsOf("form");
  const { tier } = draft.wishes.value;
  const tiers = tiersOf(model);
  const shapes = shapesOf(model, tiers.includes(String(tier)) ? String(tier) : undefined);
  const sent = parametersFor(model, draft.wishes.value);
  const chosen = shapes.find(({ ratio, size }) => ratio === sent.aspect_ratio || size === sent.size)?.ratio;
  const sizes = new Map(shapes.map(({ ratio, size }) => [ratio, size]));
  const { extent } = /** @type {Partial<EditDraft>} */ (draft);
  const like = extent?.value && sizeLike(model.capabilities?.size, extent.value, tiers.includes(String(tier)) ? String(tier) : undefined);
  const none = like ? [words.asPicture, (like.aspect_ratio ?? like.size)?.replace("x", " × ")].join(" ") : words.modelsOwn;
  return html`
    <${Choice} label=${words.shape} none=${none} values=${[...sizes.keys()]} value=${chosen}
      onChoose=${(/** @type {string | undefined} */ ratio) => draft.wish({ ratio, size: undefined })}
      describe=${(/** @type {string} */ ratio) => html`${ratio === sizes.get(ratio) ? "" : ratio} <small>${sizes.get(ratio)?.replace("x", " × ")}</small>`} />
    ${tiers.length > 0 && html`
      <${Choice} label=${words.resolution} none=${words.modelsOwn} values=${tiers} value=${tier}
        onChoose=${(/** @type {string | undefined} */ chosenTier) => draft.wish({ tier: chosenTier, ratio: chosen ?? draft.wishes.value.ratio, size: undefined })} />`}`;
}
