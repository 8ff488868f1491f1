/** What was just done, and for some seconds the way back. */

import { announce } from "../app/announcer.js";
import { wordsOf } from "../state/language.js";
import { html, signal, useEffect } from "./html.js";

const OPEN_MS = 10_000;

/** @typedef {{text: string, undo: () => unknown, commit?: () => unknown}} Offer */

/** @type {Signal<Offer | null>} */
const offered = signal(null);
let timer = 0;

/** @param {Offer} offer  `commit`: what is put off until there is no way back */
export function offerUndo(offer) {
  finish();
  offered.value = offer;
  timer = window.setTimeout(finish, OPEN_MS);
  announce(`${offer.text} ${wordsOf("undo").keys}`, true);
}

/** Ends the offer: what was done stays. */
export function finish() {
  clearTimeout(timer);
  const over = offered.value;
  offered.value = null;
  over?.commit?.();
}
window.addEventListener("pagehide", finish);

function takeBack() {
  clearTimeout(timer);
  const over = offered.value;
  offered.value = null;
  over?.undo();
  announce(wordsOf("undo").done, true);
}

/** Shows the offer; a modal dialog has one of its own, for nothing outside of it can be reached. */
export function Undo() {
  const words = wordsOf("undo");
  const offer = offered.value;
  useEffect(() => {
    if (!offer) return;
    /** @param {KeyboardEvent} event */
    const onKey = (event) => {
      const isText = event.target instanceof HTMLElement && event.target.matches("textarea, input:not([type=checkbox], [type=radio])");
      if (event.key.toLowerCase() !== "z" || event.shiftKey || !(event.ctrlKey || event.metaKey) || isText || event.defaultPrevented) return;
      event.preventDefault();
      takeBack();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [offer]);
  return offer && html`
    <section class="undo card" aria-label=${words.undo}>
      <span>${offer.text}</span>
      <button class="button button-quiet" type="button" onClick=${takeBack}>${words.undo}</button>
    </section>`;
}
