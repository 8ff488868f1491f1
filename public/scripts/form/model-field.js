/** The model: a button that opens the list, by provider and with a search. */

import { accessTo, AUTO, modelsFailure, nameOf } from "../state/catalog.js";
import { allowanceOf, learnQuota, priceOf } from "../state/cost.js";
import { fill, wordsOf } from "../state/language.js";
import { html, useEffect, useId, useSignal } from "../ui/html.js";
import { ModelFilters, passes } from "./model-filters.js";
import { Picker } from "./picker.js";

/**
 * @param {{draft: Draft, label?: string, parameters?: (model: Model) => Record<string, Value>}} props
 *   parameters: what is sent, where the draft alone does not say it
 */
export function ModelField({ draft, label, parameters = (model) => draft.parametersFor(model) }) {
  const words = wordsOf("form");
  const [name, value] = [useId(), useId()];
  const open = useSignal(false);
  const model = draft.model.value;
  /** @param {Model} row */
  const price = (row) => priceOf(row, parameters(row), /** @type {Partial<EditDraft>} */ (draft).images?.value.length ?? 0);
  const cost = model && [price(model), allowanceOf(model)].filter(Boolean).join(" · ");
  const locked = model && accessTo(model) === "locked";
  useEffect(() => void learnQuota(), []);
  /** @param {Model} chosen */
  const choose = (chosen) => {
    draft.modelId.value = chosen.id;
    open.value = false;
  };
  return html`
    <div class="field">
      <span class="label" id=${name}>${label ?? words.model}</span>
      <button class="button model-button" type="button" aria-haspopup="dialog" aria-labelledby=${`${name} ${value}`}
        aria-disabled=${!model} onClick=${() => { open.value = Boolean(model); }}>
        <span id=${value}>
          <span class="model-name">${model ? nameOf(model.id) : modelsFailure.value ? words.noModels : words.loading}</span>
          ${model && html`${model.id !== AUTO && html` <span class="model-provider">${model.provider_name ?? words.anyOfSeveral}</span>`} <${Access} model=${model} />`}
        </span>
      </button>
      ${cost && html`<p class="hint">${cost}</p>`}
      ${locked && html`<p class="problem">${words.lockedHint} <a href="#keys">${words.addKey}</a></p>`}
      ${open.value && html`<${ModelDialog} filtered=${draft.view === "edit"} choices=${draft.choices.value} price=${price} chosen=${model} onChoose=${choose} onClose=${() => { open.value = false; }} />`}
    </div>`;
}

/**
 * @param {{choices: Model[], price: (model: Model) => string, chosen: Model | undefined, filtered?: boolean, onChoose: (model: Model) => void, onClose: () => void}} props
 *   filtered: by what they can do
 */
export function ModelDialog({ choices, price, chosen, filtered, onChoose, onClose }) {
  const words = wordsOf("form");
  const sought = useSignal("");
  const filters = useSignal(/** @type {string[]} */ ([]));
  const found = choices.filter((model) => matches(model, sought.value) && passes(model, filters.value)).sort((one, other) => rankOf(one, sought.value) - rankOf(other, sought.value));
  const rows = found.map((model) => ({
    id: model.id,
    group: model.provider_name ?? words.anyOfSeveral,
    content: html`
      <span class="model-name">${nameOf(model.id)}</span>
      <small class="range">${price(model)}</small>
      <${Access} model=${model} />`,
  }));
  /** @param {string} id */
  const choose = (id) => {
    const model = found.find((row) => row.id === id);
    if (model) onChoose(model);
  };
  const status = found.length > 0 ? fill(found.length === 1 ? words.foundOne : words.found, { count: found.length }) : words.noMatch;
  return html`
    <${Picker} title=${words.chooseModel} sought=${sought} rows=${rows} chosen=${chosen?.id} status=${status} onChoose=${choose} onClose=${onClose}>
      ${filtered && html`<${ModelFilters} chosen=${filters} />`}
    <//>`;
}

/** Whether it costs a key. @param {{model: Model}} props */
export function Access({ model }) {
  const access = accessTo(model);
  return html`<span class="badge badge-${access}">${wordsOf("form")[access]}</span>`;
}

/**
 * Pools first, and a name before all that merely have it in theirs.
 * @param {Model} model
 * @param {string} sought
 */
function rankOf(model, sought) {
  const text = sought.trim().toLowerCase();
  const names = [model.name, model.id].map((name) => name.toLowerCase());
  if (text && names.includes(text)) return 0;
  return model.type === "pool" ? 1 : 2;
}

/**
 * @param {Model} model
 * @param {string} sought  words, all of which must be somewhere in its names
 */
function matches(model, sought) {
  const names = [model.name, nameOf(model.id), model.id, model.provider_name ?? ""].join(" ").toLowerCase();
  return sought.toLowerCase().split(/\s+/).every((word) => names.includes(word));
}
