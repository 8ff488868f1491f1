/** Which pictures of this browser are shared, so that who made a link can end it. */

import { readJson, writeJson } from "./storage.js";

/** @typedef {import("../gateway/shares.js").Shared} Shared */

const STORAGE_KEY = "darkroom.shares";

/** @returns {Record<string, Shared>} by the ids of pictures, as long as their links work */
export function listShared() {
  const kept = /** @type {Record<string, Shared>} */ (readJson(localStorage, STORAGE_KEY) ?? {});
  return Object.fromEntries(Object.entries(kept).filter(([, { expires_at }]) => expires_at * 1000 > Date.now()));
}

/** @param {string | undefined} id @param {Shared | null} shared  null: no more */
export function noteShared(id, shared) {
  if (!id) return;
  const { [id]: _, ...others } = listShared();
  writeJson(localStorage, STORAGE_KEY, shared ? { ...others, [id]: shared } : others);
}
