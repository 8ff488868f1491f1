/** The language of the page: the reader's choice, else what the browser prefers. */

import { effect, signal } from "../ui/html.js";
import { readText, writeText } from "./storage.js";

/** @typedef {"en" | "zh"} Language */

/** @type {Record<Language, string>} each in its own words */
export const LANGUAGES = { en: "English", zh: "中文" };

const STORAGE_KEY = "darkroom.language";

/** @type {import("../ui/html.js").Signal<Language>} */
export const language = signal(kept() ?? preferred());

effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-Hans" : "en";
});

/** @param {Language} chosen */
export function choose(chosen) {
  language.value = chosen;
  writeText(localStorage, STORAGE_KEY, chosen);
}

/**
 * The words of a feature in the language of the page; read while rendering, it follows the choice.
 * @template T
 * @param {{en: T, zh: T}} words
 * @returns {T}
 */
export function wordsOf(words) {
  return words[language.value];
}

/** @returns {Language | null} */
function kept() {
  const text = readText(localStorage, STORAGE_KEY);
  return text === "en" || text === "zh" ? text : null;
}

/** @returns {Language} */
function preferred() {
  const first = navigator.languages.find((tag) => /^(en|zh)\b/i.test(tag));
  return first?.toLowerCase().startsWith("zh") ? "zh" : "en";
}
