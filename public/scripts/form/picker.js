/** A list in a dialog, in groups and with a search: a click or Enter chooses, arrows only go along. */

import { wordsOf } from "../state/language.js";
import { Dialog } from "../ui/dialog.js";
import { html, useId } from "../ui/html.js";

/** @typedef {{id: string, group: string, content: Children}} Row */

/**
 * @param {{title: string, sought: Signal<string>, rows: Row[], chosen?: string, status: string, onChoose: (id: string) => void, onClose: () => void, children?: Children}} props
 *   rows: those that are found; status: how many; children: what else narrows them
 */
export function Picker({ title, sought, rows, chosen, status, onChoose, onClose, children }) {
  const words = wordsOf("form");
  const [group, field] = [useId(), useId()];

  /** Enter in the search takes the first that was found. @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault(); // the form around the dialog is not meant
    if (rows.length > 0) onChoose(rows[0].id);
  };
  return html`
    <${Dialog} title=${title} close=${words.close} onClose=${onClose}>
      <div class="field">
        <label for=${field}>${words.search}</label>
        <input id=${field} type="search" autofocus autocomplete="off" spellcheck=${false} value=${sought.value}
          onInput=${(/** @type {any} */ event) => { sought.value = event.currentTarget.value; }} onKeyDown=${onKeyDown} />
      </div>
      ${children}
      <p class="hint" role="status">${status}</p>
      <div class="model-list">
        ${[...Map.groupBy(rows, (row) => row.group)].map(([name, members]) => html`
          <fieldset key=${name}>
            <legend>${name}</legend>
            ${members.map(({ id, content }) => html`
              <label key=${id} class="model-row">
                <input type="radio" name=${group} value=${id} checked=${id === chosen}
                  onClick=${(/** @type {MouseEvent} */ event) => { if (event.detail > 0) onChoose(id); }}
                  onKeyDown=${(/** @type {KeyboardEvent} */ event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); onChoose(id); } }} />
                ${content}
              </label>`)}
          </fieldset>`)}
      </div>
    <//>`;
}
