/** The list of models, from the gateway's own catalog. */

import { listModels } from "./api.js";
import { byId } from "./elements.js";
import { GatewayFailure } from "./failure.js";
import { WORDS } from "./words.js";

/** @typedef {import("./types.js").Model} Model */

/**
 * @param {(failure: GatewayFailure | null) => void} onLoaded  null when the list is there
 */
export function createModelPicker(onLoaded) {
  const select = byId("model", HTMLSelectElement);
  const retry = byId("model-retry", HTMLButtonElement);
  /** @type {Map<string, Model>} */
  let models = new Map();

  async function load() {
    if (document.activeElement === retry) select.focus(); // the button is about to go
    retry.hidden = true;
    showPlaceholder(select, WORDS.modelsLoading);
    try {
      const rows = (await listModels()).filter(canGenerate);
      if (rows.length === 0) throw new GatewayFailure(WORDS.modelsEmpty);
      models = new Map(rows.map((row) => [row.id, row]));
      fill(select, rows);
      onLoaded(null);
    } catch (error) {
      if (!(error instanceof GatewayFailure)) throw error;
      showPlaceholder(select, WORDS.modelsNotLoaded);
      retry.hidden = false;
      onLoaded(error);
    }
  }

  retry.addEventListener("click", load);
  void load();
  return {
    /** @returns {Model | undefined} */
    get chosen() {
      return models.get(select.value);
    },
    /** @param {string | undefined} id */
    nameOf: (id) => models.get(id ?? "")?.name,
  };
}

/**
 * Text models, and those that need a picture to work on, have no use on a page without either.
 * @param {Model} model
 */
function canGenerate({ type, capabilities }) {
  const operations = capabilities?.operations ?? [];
  return (type ?? "image") === "image" && (operations.length === 0 || operations.includes("generate"));
}

/**
 * An empty value keeps the form from being sent, with a sentence that says why.
 * @param {HTMLSelectElement} select
 * @param {string} words
 */
function showPlaceholder(select, words) {
  select.replaceChildren(new Option(words, ""));
  select.setCustomValidity(WORDS.modelsMissing);
}

/**
 * @param {HTMLSelectElement} select
 * @param {Model[]} rows
 */
function fill(select, rows) {
  /** @type {Map<string, HTMLOptGroupElement>} */
  const groups = new Map();
  for (const row of rows) {
    const label = row.provider_name || row.provider || "";
    const group = groups.get(label) ?? Object.assign(document.createElement("optgroup"), { label });
    groups.set(label, group);
    group.append(new Option(row.name || row.id, row.id));
  }
  select.replaceChildren(...groups.values());
  select.value = (rows.find((row) => row.default) ?? rows[0]).id;
  select.setCustomValidity("");
}
