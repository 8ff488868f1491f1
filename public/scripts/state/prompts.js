/** The prompts that were sent last, newest last, for the arrow keys. */

import { readJson, writeJson } from "./storage.js";

const STORAGE_KEY = "darkroom.prompts";
const MOST_KEPT = 50;

/** @type {string[]} */
let prompts = kept();

/** @param {string} prompt */
export function remember(prompt) {
  if (!prompt) return;
  prompts = [...prompts.filter((known) => known !== prompt), prompt].slice(-MOST_KEPT);
  writeJson(localStorage, STORAGE_KEY, prompts);
}

/**
 * @param {number} back  1 is the newest
 * @returns {string | undefined}
 */
export function recall(back) {
  return prompts.at(-back);
}

/** @returns {string[]} */
function kept() {
  const value = readJson(localStorage, STORAGE_KEY);
  return Array.isArray(value) ? value.filter((prompt) => typeof prompt === "string").slice(-MOST_KEPT) : [];
}
