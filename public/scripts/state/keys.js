/**
 * The reader's own keys, by the prefix under which the gateway takes them: in this tab's sessionStorage, or on
 * this device where the reader wants that; in one header of a request, and nowhere else.
 */

import { signal } from "../ui/html.js";
import { readJson, writeJson, writeText } from "./storage.js";

const STORAGE_KEY = "darkroom.keys";

/** Under which a gateway key is kept: it has no prefix of a provider. */
export const GATEWAY = "gateway";

/** What gateway keys look like: anything else in their place would go to whichever provider is asked. */
const GATEWAY_KEY = /^dk_[\w-]+$/;

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

/**
 * @param {string} text
 * @param {string} prefix
 */
export function isUsable(text, prefix) {
  const list = listed(text);
  if (prefix === GATEWAY) return list.length < 2 && list.every((key) => GATEWAY_KEY.test(key)); // each has limits of its own
  return list.every((key) => USABLE.test(key));
}

/**
 * @param {string} prefix
 * @param {string} text  one key, or several parted by commas; what cannot be used is not kept
 */
export function setKey(prefix, text) {
  const { [prefix]: _, ...others } = keys.value;
  // As it is written elsewhere, each may stand behind its prefix.
  const list = listed(text).map((key) => (key.startsWith(`${prefix}:`) ? key.slice(prefix.length + 1) : key));
  keys.value = list.length > 0 && isUsable(text, prefix) ? { ...others, [prefix]: list.join(",") } : others;
  store();
}

export function forgetKeys() {
  keys.value = {};
  setRemembered(false);
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

/**
 * The header with the keys of one field alone, as a test needs it.
 * @param {string} prefix
 */
export function authorizationAlone(prefix) {
  return `Bearer ${prefix === GATEWAY ? "" : `${prefix}:`}${keys.value[prefix] ?? ""}`;
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
  return Object.fromEntries(Object.entries(value).filter(([prefix, text]) => typeof text === "string" && isUsable(text, prefix)));
}
