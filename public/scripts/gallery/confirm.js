/** A button for what deletes much: it asks first, in the browser's own popover, and Enter thinks better of it. */

import { wordsOf } from "../state/language.js";
import { html, useId } from "../ui/html.js";

/** @param {{label: string, question: string, onConfirm: () => void}} props */
export function Confirm({ label, question, onConfirm }) {
  const id = useId();
  return html`
    <button class="button button-quiet" type="button" popovertarget=${id}>${label}</button>
    <div class="card confirm" id=${id} popover role="group" aria-label=${question}>
      <p>${question}</p>
      <button class="button button-quiet" type="button" autofocus popovertarget=${id}>${wordsOf("gallery").cancel}</button>
      <button class="button button-quiet" type="button" popovertarget=${id} onClick=${onConfirm}>${label}</button>
    </div>`;
}
