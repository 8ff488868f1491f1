/** The language of the page. early.js finds the first one; its words are loaded when they are needed. */

import en from "../../words/en.json" with { type: "json" };
import list from "../../words/languages.json" with { type: "json" };
import { batch, signal } from "../ui/html.js";
import { writeText } from "./storage.js";

/** @typedef {typeof en} Words */

/** @type {Record<Language, {name: string, tag: string, dir: string, styles?: boolean}>} each named in its own words */
export const LANGUAGES = list;

const STORAGE_KEY = "darkroom.language";

/** @type {Signal<Language>} */
export const language = signal("en");

/** @type {Signal<Words>} */
const spoken = signal(en);

/** Speaks the language that early.js found; English where its words do not come. */
export async function speakFirst() {
  const first = /** @type {Language} */ (document.documentElement.lang.slice(0, 2));
  await speak(first in LANGUAGES ? first : "en").catch(() => speak("en"));
}

/** @param {Language} chosen */
export async function choose(chosen) {
  await speak(chosen);
  writeText(localStorage, STORAGE_KEY, chosen);
}

/** @param {Language} name  @throws {TypeError} where its words cannot be loaded */
async function speak(name) {
  const own = name === "en" ? en : (await import(`../../words/${name}.json`, { with: { type: "json" } })).default;
  const sections = /** @type {(keyof Words)[]} */ (Object.keys(en));
  batch(() => {
    spoken.value = /** @type {Words} */ (Object.fromEntries(sections.map((section) => [section, { ...en[section], ...own[section] }])));
    language.value = name;
  });
  const { tag, dir } = LANGUAGES[name];
  Object.assign(document.documentElement, { lang: tag, dir });
}

/**
 * The words of a feature in the language of the page; read while rendering, it follows the choice.
 * @template {keyof Words} Section
 * @param {Section} section
 * @returns {Words[Section]}
 */
export function wordsOf(section) {
  return spoken.value[section];
}

/**
 * A sentence with what stands in its braces.
 * @param {string} sentence  "Step {step} of {total}"
 * @param {Record<string, string | number>} values
 */
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}
