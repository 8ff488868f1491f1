/** A style from the gateway's templates, by category. */

import { templates } from "../state/catalog.js";
import { wordsOf } from "../state/language.js";
import { html, useId } from "../ui/html.js";

/** @param {{draft: Draft}} props */
export function StyleField({ draft }) {
  const words = wordsOf("form");
  const [id, hint] = [useId(), useId()];
  /** @type {Map<string, Template[]>} */
  const categories = Map.groupBy(templates.value, ({ category }) => category);
  const chosen = draft.style.value;
  const known = templates.value.find(({ name }) => name === chosen?.name);

  /** @param {Event & {currentTarget: HTMLSelectElement}} event */
  const onChange = ({ currentTarget: { value } }) => {
    const template = templates.value.find(({ name }) => name === value);
    draft.style.value = template ? { name: template.name, text: template.system_prompt } : null;
  };

  return html`
    <div class="field">
      <label for=${id}>${words.template}</label>
      <div class="select">
        <select id=${id} value=${chosen?.name ?? ""} onChange=${onChange} aria-describedby=${hint} autocomplete="off">
          <option value="">${words.noStyle}</option>
          ${chosen && !known && html`<option value=${chosen.name}>${chosen.name}</option>`}
          ${[...categories].map(([category, members]) => html`
            <optgroup key=${category} label=${readable(category)}>
              ${members.map(({ name, description }) => html`<option key=${name} value=${name} title=${description}>${readable(name)}</option>`)}
            </optgroup>`)}
        </select>
      </div>
      <p class="hint" id=${hint}>${known ? `${known.description}. ` : ""}${chosen ? words.styleHint : ""}</p>
    </div>`;
}

/** @param {string} name  "clay_studio" */
function readable(name) {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
