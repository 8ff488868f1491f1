/** The language of the page: the reader's choice, else what the browser prefers. */

import en from "../../words/en.json" with { type: "json" };
import zh from "../../words/zh.json" with { type: "json" };
import { effect, signal } from "../ui/html.js";
import { readText, writeText } from "./storage.js";

/** @type {Record<Language, string>} each in its own words */
export const LANGUAGES = { en: "English", zh: "中文" };

/** @type {Record<Language, typeof en>} */
const WORDS = { en, zh };

const STORAGE_KEY = "darkroom.language";

/** @type {Signal<Language>} */
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
 * @template {keyof typeof en} Section
 * @param {Section} section
 * @returns {typeof en[Section]}
 */
export function wordsOf(section) {
  return WORDS[language.value][section];
}

/**
 * A sentence with what stands in its braces.
 * @param {string} sentence  "Step {step} of {total}"
 * @param {Record<string, string | number>} values
 */
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
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
