/**
 * The reader's own keys, by the prefix under which the gateway takes them: in this tab's sessionStorage, or on
 * this device where the reader wants that; in one header of a request, and nowhere else.
 */

import { signal } from "../ui/html.js";
import { readJson, writeJson, writeText } from "./storage.js";

const STORAGE_KEY = "darkroom.keys";

/** Under which a gateway key is kept: it has no prefix of a provider. */
export const GATEWAY = "gateway";

/** All that a header value carries safely; commas part several tokens, which the gateway takes in turn. */
const USABLE = /^[\x21-\x7e]+$/;

/** @type {Signal<boolean>} */
export const remembered = signal(Object.keys(kept(localStorage)).length > 0);

/** @type {Signal<Record<string, string>>} */
export const keys = signal({ ...kept(localStorage), ...kept(sessionStorage) });

/**
 * The keys of a comma list.
 * @param {string} text
 * @returns {string[]}
 */
export function listed(text) {
  return text.split(",").map((key) => key.trim()).filter(Boolean);
}

/** @param {string} text */
export function isUsable(text) {
  return listed(text).every((key) => USABLE.test(key));
}

/**
 * @param {string} prefix
 * @param {string} text  one key, or several parted by commas; one that no header can carry is not kept
 */
export function setKey(prefix, text) {
  const { [prefix]: _, ...others } = keys.value;
  const list = listed(text);
  keys.value = list.length > 0 && isUsable(text) ? { ...others, [prefix]: list.join(",") } : others;
  store();
}

/** @param {boolean} wanted  on this device, not in this tab alone */
export function setRemembered(wanted) {
  remembered.value = wanted;
  store();
}

/**
 * The header for a request: the keys of the providers concerned, and the gateway's own. The gateway refuses a
 * key of a provider that a request does not concern, so no other is ever sent.
 *
 * @param {Iterable<string>} prefixes
 * @returns {string | null}
 */
export function authorizationFor(prefixes) {
  const all = keys.value;
  const lists = [...new Set(prefixes)].filter((prefix) => all[prefix]).map((prefix) => `${prefix}:${all[prefix]}`);
  const known = [all[GATEWAY], ...lists].filter(Boolean);
  return known.length > 0 ? `Bearer ${known.join(",")}` : null;
}

function store() {
  const all = keys.value;
  writeText(sessionStorage, STORAGE_KEY, null);
  writeText(localStorage, STORAGE_KEY, null);
  if (Object.keys(all).length > 0) writeJson(remembered.value ? localStorage : sessionStorage, STORAGE_KEY, all);
}

/**
 * @param {Storage} storage
 * @returns {Record<string, string>}
 */
function kept(storage) {
  const value = readJson(storage, STORAGE_KEY);
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === "string" && isUsable(text)));
}
