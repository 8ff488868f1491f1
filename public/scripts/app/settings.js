/** What is a matter of the reader's own: language, theme, blurred pictures. */

import { Choice } from "../form/fields.js";
import { blur } from "../state/blur.js";
import { choose, language, LANGUAGES, wordsOf } from "../state/language.js";
import { theme, THEMES } from "../state/theme.js";
import { html, useId } from "../ui/html.js";

export function Settings() {
  const words = wordsOf("settings");
  const names = /** @type {Record<string, string>} */ (words);
  const [id, field] = [useId(), useId()];
  return html`
    <button class="button button-quiet settings-button" type="button" popovertarget=${id}>
      ${language.value.toUpperCase()} <span aria-hidden="true">⚙</span><span class="visually-hidden"> ${words.title}</span>
    </button>
    <div class="card settings" id=${id} popover role="group" aria-label=${words.title}>
      <div class="field">
        <label for=${field}>${words.language}</label>
        <div class="select">
          <select id=${field} value=${language.value} autocomplete="off"
            onChange=${(/** @type {At<HTMLSelectElement>} */ { currentTarget }) => choose(/** @type {Language} */ (currentTarget.value))}>
            ${Object.entries(LANGUAGES).map(([key, { name, tag }]) => html`<option key=${key} value=${key} lang=${tag}>${name}</option>`)}
          </select>
        </div>
      </div>
      <${Choice} label=${words.theme} none=${words.system} values=${THEMES} value=${theme.value}
        onChoose=${(/** @type {string | undefined} */ chosen) => { theme.value = chosen; }} describe=${(/** @type {string} */ name) => names[name]} />
      <label class="check">
        <input type="checkbox" checked=${blur.value} onChange=${(/** @type {At<HTMLInputElement>} */ { currentTarget }) => { blur.value = currentTarget.checked; }} />
        ${words.blur}
      </label>
    </div>`;
}
