/** The reader's own Hugging Face token: in this tab's sessionStorage, in one header, and nowhere else. */

import { byId } from "./elements.js";
import { WORDS } from "./words.js";

const STORAGE_KEY = "darkroom.huggingface-token";
const PROVIDER = "huggingface";

/** All that a header value carries safely. A comma parts several tokens, which the gateway takes in turn. */
const USABLE = /^[\x21-\x7e]+$/;

export function createToken() {
  const field = byId("token", HTMLInputElement);
  const problem = byId("token-problem", HTMLElement);
  const badge = byId("token-kept", HTMLElement);
  byId("gateway-host", HTMLElement).textContent = location.host;

  function accept() {
    const token = field.value.trim();
    const usable = USABLE.test(token);
    keep(usable ? token : null);
    badge.hidden = !usable;
    problem.textContent = token && !usable ? WORDS.tokenUnusable : "";
    field.setAttribute("aria-invalid", String(Boolean(token) && !usable));
  }

  field.value = kept() ?? "";
  field.addEventListener("input", accept);
  accept();

  return {
    /**
     * The gateway refuses a token that contradicts the model's provider, so only its own models get it.
     * @param {string} provider
     * @returns {string | null} for the `Authorization` header
     */
    authorizationFor(provider) {
      const token = field.value.trim();
      const isOurs = provider.toLowerCase().replace(/[^a-z]/g, "") === PROVIDER;
      return isOurs && USABLE.test(token) ? `Bearer hf:${token}` : null;
    },
  };
}

/** @returns {string | null} */
function kept() {
  try {
    return sessionStorage.getItem(STORAGE_KEY);
  } catch {
    return null; // storage may be switched off: then the token lives as long as the field
  }
}

/** @param {string | null} token */
function keep(token) {
  try {
    if (token) sessionStorage.setItem(STORAGE_KEY, token);
    else sessionStorage.removeItem(STORAGE_KEY);
  } catch {
    // See kept().
  }
}
