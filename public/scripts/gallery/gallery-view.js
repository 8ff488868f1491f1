/** Pictures of the past: in this browser, and in the histories that the gateway keeps for those with a key. */

import { historyOf } from "../gateway/history.js";
import { painters, prefixesOf, providers } from "../state/catalog.js";
import { device } from "../state/gallery.js";
import { authorizationFor, GATEWAY, keys } from "../state/keys.js";
import { wordsOf } from "../state/language.js";
import { Choice } from "../form/fields.js";
import { computed, html, useSignal } from "../ui/html.js";
import { ShelfView } from "./shelf-view.js";

/** One for each header that orders are sent with, by the prefixes of the keys in it. */
const histories = computed(() => new Map([[], ...painters.value.map(prefixesOf)].flatMap((prefixes) => {
  const known = [GATEWAY, ...prefixes.sort()].filter((prefix) => keys.value[prefix]);
  return known.length > 0 ? [[known.join("+"), historyOf(authorizationFor(prefixes) ?? "")]] : [];
})));

export function GalleryView() {
  const words = wordsOf("gallery");
  const place = useSignal("");
  const history = histories.value.get(place.value);
  /** @param {string} prefix */
  const ownerOf = (prefix) => prefix === GATEWAY ? words.gatewayKey : (providers.value.find(({ token }) => token.prefix === prefix)?.name ?? prefix);
  return html`
    <h2>${words.title}</h2>
    ${histories.value.size > 0
      && html`<${Choice} label=${words.where} none=${words.here} values=${[...histories.value.keys()]} value=${place.value}
          onChoose=${(/** @type {string} */ name = "") => { place.value = name; }} describe=${(/** @type {string} */ name) => name.split("+").map(ownerOf).join(" + ")} />`}
    <${ShelfView} key=${place.value} shelf=${history ?? device} here=${!history} />
    ${histories.value.size === 0 && html`<p class="hint">${words.keyless} <a href="#keys">${words.addKey}</a></p>`}`;
}
