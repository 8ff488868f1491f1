/** Light or dark: as the system has it, or as the reader chose. early.js sets it before the first paint. */

import { effect, signal } from "../ui/html.js";
import { readText, writeText } from "./storage.js";

const STORAGE_KEY = "darkroom.theme";
export const THEMES = ["light", "dark"];

const root = document.documentElement;
const kept = readText(localStorage, STORAGE_KEY) ?? "";

/** @type {Signal<string | undefined>} undefined follows the system */
export const theme = signal(THEMES.includes(kept) ? kept : undefined);

const colours = /** @type {HTMLMetaElement[]} */ ([...document.querySelectorAll("meta[name=theme-color]")])
  .map((meta) => ({ meta, scheme: meta.media.includes("dark") ? "dark" : "light" }));

effect(() => {
  const chosen = theme.value;
  if (chosen) root.dataset.theme = chosen;
  else delete root.dataset.theme;
  for (const { meta, scheme } of colours) {
    meta.media = chosen ? (chosen === scheme ? "all" : "not all") : `(prefers-color-scheme: ${scheme})`;
  }
  writeText(localStorage, STORAGE_KEY, chosen ?? null);
});
