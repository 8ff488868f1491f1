/** What was being written, kept on every change: in this tab, and for the next visit. No pictures. */

import { effect } from "../ui/html.js";
import { readJson, writeJson } from "./storage.js";

/** @param {Draft} draft @param {string} name  by which it is kept */
export function keepDraft(draft, name) {
  const key = `darkroom.draft.${name}`;
  const kept = /** @type {any} */ (readJson(sessionStorage, key) ?? readJson(localStorage, key));
  if (kept && typeof kept === "object") {
    if (typeof kept.prompt === "string") draft.prompt.value = kept.prompt;
    if (typeof kept.modelId === "string") draft.modelId.value = kept.modelId;
    if (typeof kept.style?.name === "string" && typeof kept.style.text === "string") draft.style.value = kept.style;
    if (kept.wishes && typeof kept.wishes === "object") draft.wishes.value = kept.wishes;
  }
  effect(() => {
    const now = { prompt: draft.prompt.value, modelId: draft.modelId.value, style: draft.style.value, wishes: draft.wishes.value };
    for (const storage of [sessionStorage, localStorage]) writeJson(storage, key, now);
  });
}
