/**
 * Which view is shown, and with what: `#create`, `#create?prompt=…`, `#gallery/<a picture's id>`. The address holds it, so that the browser's
 * own back, bookmarks and links work.
 */

import { readText, writeText } from "../state/storage.js";
import { computed, effect, signal } from "../ui/html.js";

export const VIEWS = /** @type {const} */ (["create", "edit", "layers", "compare", "gallery", "keys"]);

/** Of this tab: who reopens it is where they were. */
const STORAGE_KEY = "darkroom.view";
if (!location.hash) history.replaceState(null, "", readText(sessionStorage, STORAGE_KEY) ?? location.pathname);

const hash = signal(location.hash);
window.addEventListener("hashchange", () => {
  hash.value = location.hash;
});

/** @returns {View} */
const readView = () => {
  const name = hash.value.slice(1).split(/[?/]/)[0];
  return VIEWS.find((view) => view === name) ?? "create";
};

export const view = computed(readView);
effect(() => writeText(sessionStorage, STORAGE_KEY, `#${view.value}`));

/** What a link says beside the view. */
export const linked = computed(() => new URLSearchParams(hash.value.split("?")[1] ?? ""));

/** The picture that is opened over the view; empty where none is. */
export const openedId = computed(() => hash.value.split("?")[0].split("/")[1] ?? "");

/** Names the picture that is opened. @param {string} id @param {boolean} [anew]  the browser's Back then closes it */
export function nameOpened(id, anew = false) {
  history[anew ? "pushState" : "replaceState"](null, "", `#${view.value}${id && `/${id}`}`);
  hash.value = location.hash;
}

/** @param {View} name */
export function go(name) {
  location.hash = name;
  scrollTo(0, 0);
}

/** Takes what a link said out of the address, once it has become what is on the page. */
export function settle() {
  history.replaceState(null, "", `#${view.value}`);
  hash.value = location.hash;
}
