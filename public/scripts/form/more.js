/** What is seldom set, folded away; it says what differs from the model's own. */

import { wordsOf } from "../state/language.js";
import { parametersFor } from "../state/parameters.js";
import { shorten } from "../state/pictures.js";
import { readText, writeText } from "../state/storage.js";
import { html, signal } from "../ui/html.js";

const STORAGE_KEY = "darkroom.more";
const open = signal(readText(localStorage, STORAGE_KEY) === "1");

/** What is told elsewhere. */
const SEEN = new Set(["size", "aspect_ratio", "n"]);
const SEVERAL_WORDS = 16;

/** @param {{draft: Draft, model: Model, children?: Children}} props */
export function More({ draft, model, children }) {
  const words = wordsOf("form");
  const names = /** @type {Record<string, string>} */ ({ ...words, guidance_scale: words.guidance, output_format: words.format, negative_prompt: "−", prompt_enhance: words.enhance });
  const wishes = draft.wishes.value;
  const differing = Object.entries({ ...(wishes.tier ? { resolution: wishes.tier } : {}), ...parametersFor(model, wishes) })
    .filter(([name]) => !SEEN.has(name))
    .map(([name, value]) => `${names[name] ?? name} ${value === true ? "" : shorten(String(value), SEVERAL_WORDS)}`.trim());
  /** @param {{currentTarget: HTMLDetailsElement}} event */
  const onToggle = ({ currentTarget }) => {
    open.value = currentTarget.open;
    writeText(localStorage, STORAGE_KEY, open.value ? "1" : null);
  };
  return html`
    <details class="more" open=${open.value} onToggle=${onToggle}>
      <summary>${words.more} <small>${differing.join(" · ")}</small></summary>
      ${children}
    </details>`;
}
