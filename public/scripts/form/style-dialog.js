/** The styles to choose from, each with a small picture in its manner, which local/styles.py draws. */

import pictured from "../../words/pictured.json" with { type: "json" };
import { templates } from "../state/catalog.js";
import { fill, wordsOf } from "../state/language.js";
import { categoryOf, describeStyle, isStyle } from "../state/styles.js";
import { html, useSignal } from "../ui/html.js";
import { Picker } from "./picker.js";

/** Of the file of all pictures; a style that is not in it has none. */
const COLUMNS = 10;
const LINES = Math.ceil(pictured.length / COLUMNS);

/** What instructs a text model is nothing to paint by. */
const REWRITER = "rewriter";

/** @param {{chosen?: string, onChoose: (style: Style | null) => void, onClose: () => void}} props */
export function StyleDialog({ chosen, onChoose, onClose }) {
  const words = wordsOf("form");
  const sought = useSignal("");
  const found = templates.value.filter((template) => template.category !== REWRITER && isStyle(template, sought.value));
  const rows = found.map((template) => {
    const { label, about } = describeStyle(template);
    return {
      id: template.name,
      group: categoryOf(template.category),
      content: html`
        <span class="style-picture" style=${placeOf(template.name)}></span>
        <span class="style-name">${label} <small>${about}</small></span>`,
    };
  });
  /** @param {string} id */
  const choose = (id) => {
    const template = found.find(({ name }) => name === id);
    onChoose(template ? { name: id, text: template.system_prompt } : null);
  };
  return html`
    <${Picker} title=${words.chooseStyle} sought=${sought} rows=${rows} chosen=${chosen} status=${fill(words.foundStyles, { count: found.length })}
      onChoose=${choose} onClose=${onClose}>
      <button class="button button-quiet" type="button" aria-pressed=${!chosen} onClick=${() => onChoose(null)}>${words.noStyle}</button>
    <//>`;
}

/** @param {string} name */
function placeOf(name) {
  const at = pictured.indexOf(name);
  if (at < 0) return {};
  const [left, top] = [(at % COLUMNS) / (COLUMNS - 1), Math.floor(at / COLUMNS) / (LINES - 1)];
  return {
    backgroundImage: 'url("examples/styles.webp")',
    backgroundSize: `${COLUMNS}00% ${LINES}00%`,
    backgroundPosition: `${100 * left}% ${100 * top}%`,
  };
}
