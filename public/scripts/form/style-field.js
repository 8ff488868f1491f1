/** A style from the gateway's templates, by category and with a search. */

import { templates } from "../state/catalog.js";
import { wordsOf } from "../state/language.js";
import { categoryOf, describeStyle, isStyle } from "../state/styles.js";
import { html, useId, useSignal } from "../ui/html.js";

/** @param {{draft: Draft}} props */
export function StyleField({ draft }) {
  const words = wordsOf("form");
  const [id, hint] = [useId(), useId()];
  const sought = useSignal("");
  const chosen = draft.style.value;
  const known = templates.value.find(({ name }) => name === chosen?.name);
  const found = templates.value.filter((template) => template === known || isStyle(template, sought.value));
  /** @type {Map<string, Template[]>} */
  const categories = Map.groupBy(found, ({ category }) => category);

  /** @param {string} value */
  const choose = (value) => {
    const template = templates.value.find(({ name }) => name === value);
    draft.style.value = template ? { name: template.name, text: template.system_prompt } : null;
  };
  /** The first that is found. @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.key !== "Enter" || event.isComposing || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const first = found.find((template) => isStyle(template, sought.value));
    if (first && sought.value.trim()) choose(first.name);
  };

  return html`
    <div class="field">
      <label for=${id}>${words.template}</label>
      <div class="style-choice">
        <div class="select">
          <select id=${id} value=${chosen?.name ?? ""} aria-describedby=${hint} autocomplete="off"
            onChange=${(/** @type {At<HTMLSelectElement>} */ { currentTarget }) => choose(currentTarget.value)}>
            <option value="">${words.noStyle}</option>
            ${chosen && !known && html`<option value=${chosen.name}>${chosen.name}</option>`}
            ${[...categories].map(([category, members]) => html`
              <optgroup key=${category} label=${categoryOf(category)}>
                ${members.map((template) => html`<option key=${template.name} value=${template.name} title=${describeStyle(template).about}>${describeStyle(template).label}</option>`)}
              </optgroup>`)}
          </select>
        </div>
        <input type="search" value=${sought.value} aria-label=${words.searchStyles} placeholder=${words.search} autocomplete="off"
          onInput=${(/** @type {At<HTMLInputElement>} */ { currentTarget }) => { sought.value = currentTarget.value; }} onKeyDown=${onKeyDown} />
      </div>
      <p class="hint" id=${hint}>${known ? `${describeStyle(known).about}. ` : ""}${chosen ? words.styleHint : ""}</p>
    </div>`;
}
