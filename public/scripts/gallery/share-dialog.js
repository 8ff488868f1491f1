/** Passes a picture on: by the system's own sheet, or by a link to a page of it where this gateway keeps such. */

import { CopyButton } from "../copying/copy-button.js";
import { GatewayFailure } from "../gateway/failure.js";
import { share } from "../gateway/shares.js";
import { authorizationFor } from "../state/keys.js";
import { sharing } from "../state/catalog.js";
import { fill, wordsOf } from "../state/language.js";
import { fileNameOf } from "../state/pictures.js";
import { Dialog } from "../ui/dialog.js";
import { FailureCard } from "../ui/failure-card.js";
import { html, useId, useSignal } from "../ui/html.js";
import { describeDay } from "../ui/numbers.js";

/** @param {{picture: Picture | Kept, onClose: () => void}} props */
export function ShareDialog({ picture, onClose }) {
  const words = wordsOf("share");
  const id = useId();
  const busy = useSignal(false);
  /** @type {Signal<GatewayFailure | null>} */
  const failure = useSignal(null);
  /** @type {Signal<{url: string, expires_at: number} | null>} */
  const made = useSignal(null);
  const file = new File([picture.blob], fileNameOf(picture), { type: picture.blob.type });
  const system = () => navigator.share({ files: [file] }).catch(() => {}); // who thinks better of it has no failure
  const makeLink = async () => {
    [busy.value, failure.value] = [true, null];
    try {
      made.value = await share(picture, authorizationFor([]));
    } catch (error) {
      if (!(error instanceof GatewayFailure)) throw error;
      failure.value = error;
    } finally {
      busy.value = false;
    }
  };
  return html`
    <${Dialog} title=${words.title} close=${words.close} onClose=${onClose}>
      ${navigator.canShare?.({ files: [file] }) && html`<p><button class="button" type="button" onClick=${system}>${words.system}</button></p>`}
      ${sharing.value && html`
        <p class="hint">${words.what}</p>
        ${made.value
          ? html`
            <div class="field">
              <label for=${id}>${words.link}</label>
              <input id=${id} readonly value=${made.value.url} onFocus=${(/** @type {At<HTMLInputElement>} */ { currentTarget }) => currentTarget.select()} />
            </div>
            <p class="hint">${fill(words.until, { day: describeDay(made.value.expires_at * 1000) })}</p>
            <div class="tools"><${CopyButton} label=${words.copy} copy=${() => navigator.clipboard.writeText(made.value?.url ?? "")} /></div>`
          : html`<button class="button button-primary" type="button" aria-disabled=${busy.value} onClick=${() => busy.value || makeLink()}>${busy.value ? words.making : words.make}</button>`}
        ${failure.value && html`<${FailureCard} title=${words.failed} failure=${failure.value} />`}`}
    <//>`;
}
