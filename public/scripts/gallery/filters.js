/** Which of the pictures are shown: by words, by shape, by model, those with a star, those that were edited. */

import { nameOf } from "../state/catalog.js";
import { starred } from "../state/gallery.js";
import { wordsOf } from "../state/language.js";
import { Choice } from "../form/fields.js";
import { html, useId } from "../ui/html.js";

const MOST_MODELS = 5;
const SQUARE = 1.1;

/** @typedef {{sought: string, starred: boolean, edits: boolean, shape?: string, model?: string}} Filter */

/** @type {Filter} */
export const NO_FILTER = { sought: "", starred: false, edits: false };

/** @param {Past} row @param {Filter} filter */
export function matches({ id, order, model, seed, width, height }, filter) {
  if (filter.starred && !starred.value.has(id)) return false;
  if (filter.edits && order.operation === "generate") return false;
  if (filter.model && model !== filter.model) return false;
  if (filter.shape && filter.shape !== shapeOf(width / height)) return false;
  const text = [order.prompt, model, nameOf(model), seed].join(" ").toLowerCase();
  return filter.sought.toLowerCase().split(/\s+/).every((word) => text.includes(word)); // in any order
}

/** @param {number} ratio */
const shapeOf = (ratio) => (ratio > SQUARE ? "wide" : ratio < 1 / SQUARE ? "tall" : "square");

/** @param {{rows: Past[], filter: Filter, here: boolean, onChange: (filter: Filter) => void}} props */
export function Filters({ rows, filter, here, onChange }) {
  const words = wordsOf("gallery");
  const id = useId();
  const shapes = { wide: words.wide, tall: words.tall, square: words.square };
  const counts = Map.groupBy(rows, ({ model }) => model ?? "");
  const models = [...counts.keys()].filter(Boolean).sort((one, other) => (counts.get(other)?.length ?? 0) - (counts.get(one)?.length ?? 0)).slice(0, MOST_MODELS);
  const known = Object.keys(shapes).filter((shape) => rows.some(({ width, height }) => shapeOf(width / height) === shape));
  /** @param {"starred" | "edits"} name @param {string} label */
  const toggle = (name, label) => html`
    <label class="chip">
      <input class="visually-hidden" type="checkbox" checked=${filter[name]} onChange=${() => onChange({ ...filter, [name]: !filter[name] })} />
      <span>${label}</span>
    </label>`;
  return html`
    <div class="field">
      <label for=${id}>${words.search}</label>
      <input id=${id} type="search" value=${filter.sought} onInput=${(/** @type {At<HTMLInputElement>} */ { currentTarget }) => onChange({ ...filter, sought: currentTarget.value })} />
    </div>
    <div class="filters">
      <div class="chips" role="group" aria-label=${words.only}>
        ${here && toggle("starred", `★ ${words.starred}`)}
        ${rows.some(({ order }) => order.operation !== "generate") && toggle("edits", words.edits)}
      </div>
      ${known.length > 1 && html`
        <${Choice} label=${words.shape} none=${words.anyShape} values=${known} value=${filter.shape} onChoose=${(/** @type {string | undefined} */ shape) => onChange({ ...filter, shape })}
          describe=${(/** @type {keyof typeof shapes} */ shape) => shapes[shape]} />`}
      ${models.length > 1 && html`
        <${Choice} label=${words.model} none=${words.anyModel} values=${models} value=${filter.model} onChoose=${(/** @type {string | undefined} */ model) => onChange({ ...filter, model })}
          describe=${nameOf} />`}
    </div>`;
}
