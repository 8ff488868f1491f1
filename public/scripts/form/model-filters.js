/** What a model must be able to do to be in the list. */

import { accessTo } from "../state/catalog.js";
import { wordsOf } from "../state/language.js";
import { html } from "../ui/html.js";

/** Those that are known for it, and those that need few steps. */
const FAST = /turbo|schnell|lightning|flash|fast|klein|mini/i;
const FEW_STEPS = 9;

/** @type {Record<string, (model: Model) => boolean | undefined>} */
const FILTERS = {
  free: (model) => accessTo(model) !== "locked" && !model.token?.required,
  mask: ({ capabilities }) => capabilities?.mask,
  several: ({ capabilities }) => (capabilities?.max_images ?? 0) > 1,
  fast: ({ name, capabilities }) => FAST.test(name) || (capabilities?.steps?.default ?? Infinity) <= FEW_STEPS,
};

/**
 * @param {Model} model
 * @param {string[]} chosen  of the filters
 */
export const passes = (model, chosen) => chosen.every((name) => FILTERS[name](model));

/** @param {{chosen: Signal<string[]>}} props */
export function ModelFilters({ chosen }) {
  const words = /** @type {Record<string, string>} */ (wordsOf("filters"));
  return html`
    <fieldset class="field chips">
      <legend>${words.title}</legend>
      ${Object.keys(FILTERS).map((name) => html`
        <label key=${name} class="chip">
          <input class="visually-hidden" type="checkbox" checked=${chosen.value.includes(name)} onChange=${(/** @type {any} */ event) => {
            chosen.value = event.currentTarget.checked ? [...chosen.value, name] : chosen.value.filter((known) => known !== name);
          }} />
          <span>${words[name]}</span>
        </label>`)}
    </fieldset>`;
}
