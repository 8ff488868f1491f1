/** The shape of the picture, as chips that have it, and its resolution. */

import { wordsOf } from "../state/language.js";
import { sizeLike } from "../state/picture-size.js";
import { parametersFor, shapesOf, tiersOf } from "../state/parameters.js";
import { html } from "../ui/html.js";
import { Choice } from "./fields.js";

/** @param {{draft: Draft, model: Model}} props */
export function ShapeField({ draft, model }) {
  const words = wordsOf("form");
  const { shapes, chosen, tier } = shapeOf(draft, model);
  const sizes = new Map(shapes.map(({ ratio, size }) => [ratio, size]));
  const { extent } = /** @type {Partial<EditDraft>} */ (draft);
  const like = extent?.value && sizeLike(model.capabilities?.size, extent.value, tier);
  const none = like ? [words.asPicture, (like.aspect_ratio ?? like.size)?.replace("x", " × ")].join(" ") : words.modelsOwn;
  return html`
    <${Choice} label=${words.shape} none=${none} values=${[...sizes.keys()]} value=${chosen}
      onChoose=${(/** @type {string | undefined} */ ratio) => draft.wish({ ratio, size: undefined })}
      hint=${(/** @type {string} */ ratio) => sizes.get(ratio)?.replace("x", " × ")}
      describe=${(/** @type {string} */ ratio) => html`<i class="proportion" aria-hidden="true" style=${proportion(ratio)} /> ${ratio.replace("x", " × ")}`} />`;
}

/** @param {{draft: Draft, model: Model}} props */
export function ResolutionField({ draft, model }) {
  const words = wordsOf("form");
  const tiers = tiersOf(model);
  return tiers.length > 0 && html`
    <${Choice} label=${words.resolution} none=${words.modelsOwn} values=${tiers} value=${draft.wishes.value.tier}
      onChoose=${(/** @type {string | undefined} */ tier) => draft.wish({ tier, ratio: shapeOf(draft, model).chosen ?? draft.wishes.value.ratio, size: undefined })} />`;
}

/** @param {Draft} draft  @param {Model} model */
function shapeOf(draft, model) {
  const tier = tiersOf(model).find((one) => one === String(draft.wishes.value.tier));
  const shapes = shapesOf(model, tier);
  const sent = parametersFor(model, draft.wishes.value);
  return { shapes, tier, chosen: shapes.find(({ ratio, size }) => ratio === sent.aspect_ratio || size === sent.size)?.ratio };
}

/** Sides in em, of one area. @param {string} ratio  "16:9", or "1024x768" */
function proportion(ratio) {
  const [width, height] = ratio.split(/[:x]/).map(Number);
  const side = Math.sqrt(width / height);
  return { width: `${0.8 * side}em`, height: `${0.8 / side}em` };
}
