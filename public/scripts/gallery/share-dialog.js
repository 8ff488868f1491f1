/** Passes a picture on: by the system's own sheet, or by a link to a page of it where this gateway keeps such. */

import { CopyButton } from "../copying/copy-button.js";
import { GatewayFailure } from "../gateway/failure.js";
import { share, unshare } from "../gateway/shares.js";
import { authorizationFor } from "../state/keys.js";
import { sharing } from "../state/catalog.js";
import { fill, wordsOf } from "../state/language.js";
import { fileNameOf } from "../state/pictures.js";
import { keptIdOf } from "../state/removal.js";
import { listShared, noteShared } from "../state/shares.js";
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
  const keptId = keptIdOf(picture);
  /** @type {Signal<import("../state/shares.js").Shared | null>} */
  const made = useSignal(listShared()[keptId ?? ""] ?? null);
  const stopped = useSignal(false);
  const file = new File([picture.blob], fileNameOf(picture), { type: picture.blob.type });
  const system = () => navigator.share({ files: [file] }).catch(() => {}); // who thinks better of it has no failure
  /** @param {() => Promise<import("../state/shares.js").Shared | null>} work  what is shared after it */
  const attempt = async (work) => {
    if (busy.value) return;
    [busy.value, failure.value] = [true, null];
    try {
      stopped.value = Boolean(made.value);
      made.value = await work();
      noteShared(keptId, made.value);
    } catch (error) {
      if (!(error instanceof GatewayFailure)) throw error;
      failure.value = error;
    } finally {
      busy.value = false;
    }
  };
  const makeLink = () => attempt(() => share(picture, authorizationFor([])));
  const stop = () => attempt(async () => {
    await unshare(/** @type {any} */ (made.value)).catch((error) => { if (error.code !== "share_not_found") throw error; });
    return null;
  });
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
            <div class="tools">
              <${CopyButton} label=${words.copy} copy=${() => navigator.clipboard.writeText(made.value?.url ?? "")} />
              <button class="button button-quiet" type="button" aria-disabled=${busy.value} onClick=${stop}>${words.stop}</button>
            </div>`
          : html`
            <p class="hint" role="status">${stopped.value && words.stopped}</p>
            <button class="button button-primary" type="button" aria-disabled=${busy.value} onClick=${makeLink}>${busy.value ? words.making : words.make}</button>`}
        ${failure.value && html`<${FailureCard} title=${made.value ? words.stopFailed : words.failed} failure=${failure.value} />`}`}
    <//>`;
}
