/** What sends the form; while the newest job runs, what stops it, with another beside it that adds to the queue. */

import { fill, wordsOf } from "../state/language.js";
import { html, useEffect } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { placeOf } from "../watch/progress.js";

/** So long after a job began, the second half of a double click does not stop it. */
const DOUBLE_CLICK_S = 0.5;

/** @param {{label: string, ready: boolean, newest: Job | undefined, compact?: boolean}} props  compact: without words */
export function PaintButton({ label, ready, newest, compact = false }) {
  const words = wordsOf("stage");
  useEffect(() => {
    /** @param {KeyboardEvent} event */
    const onKeyDown = (event) => {
      if (event.key !== "Escape" || event.isComposing || event.defaultPrevented || document.querySelector("dialog[open], :popover-open")) return;
      if (newest?.isRunning) newest.cancel();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [newest]);

  if (!newest?.isRunning) {
    return html`
      <button class="button button-primary" type="submit" aria-label=${compact ? label : undefined} aria-disabled=${!ready} aria-keyshortcuts="Control+Enter Meta+Enter">
        ${compact ? html`<${Icon} name="send" />` : label}
      </button>`;
  }
  const place = placeOf(newest);
  const text = place.all > 1 ? `${words.painting} ${fill(words.place, place)}` : words.painting;
  /** @param {Event} event */
  const stop = (event) => {
    event.preventDefault(); // it may be the button that sends the form again before the click is over
    if (newest.elapsed > DOUBLE_CLICK_S) newest.cancel();
  };
  return html`
    <button class="button button-primary stop" type="button" aria-keyshortcuts="Escape" onClick=${stop}>
      ${compact && html`<span aria-hidden="true">■</span>`}<span class=${compact ? "visually-hidden" : ""}>${text} · ${words.stop}</span>
    </button>
    <button class="button another" type="submit" aria-label=${words.another} title=${words.another} aria-keyshortcuts="Control+Enter Meta+Enter"><${Icon} name="add" /></button>`;
}
