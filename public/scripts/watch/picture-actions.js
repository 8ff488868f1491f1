/** What can be done with a finished picture: what is done most as icons, all else in a menu. */

import { go } from "../app/views.js";
import { CopyDialog } from "../copying/copy-as.js";
import { drafts } from "../state/draft.js";
import { wordsOf } from "../state/language.js";
import { fileNameOf } from "../state/pictures.js";
import { html, useId, useSignal } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { save } from "../ui/save.js";
import { PictureMenu } from "./picture-menu.js";
import { canVary, orderOfOne, upscale, upscaler, vary } from "./vary.js";

/**
 * @param {{picture: Picture, draft: Draft, extra?: Extra, beside?: boolean, onDelete?: () => void}} props
 *   `beside`: an enlarged one can be shown where the picture is
 */
export function PictureActions({ picture, draft, extra, beside = false, onDelete }) {
  const words = wordsOf("watch");
  const id = useId();
  const copying = useSignal(false);
  const { blob, order, url } = picture;
  const isFile = blob.size > 0 || !url; // else it is elsewhere, and shown from there
  const edit = () => {
    if (draft === drafts.edit) drafts.edit.show(blob); // its references stay
    else drafts.edit.take(blob);
    go("edit");
  };
  /** @param {string} label  @param {any} icon  @param {() => void} onClick */
  const button = (label, icon, onClick) => html`
    <button class="button button-icon" type="button" aria-label=${label} title=${label} onClick=${onClick}><${Icon} name=${icon} /></button>`;
  return html`
    <div class="tools icons" role="group" aria-label=${words.actions}>
      <a class="button button-icon" href=${url} download=${isFile ? fileNameOf(picture) : ""} target="_blank" onClick=${(/** @type {Event} */ event) => isFile && save(picture, event)} aria-label=${words.download} title=${words.download}><${Icon} name="download" /></a>
      ${canVary(order) && button(words.vary, "vary", () => vary(order))}
      ${isFile && upscaler.value && order.operation !== "upscale" && button(words.upscale, "upscale", () => upscale(picture, beside))}
      ${isFile && button(words.editThis, "edit", edit)}
      <button class="button button-icon" type="button" aria-label=${words.more} title=${words.more} popovertarget=${id}><${Icon} name="more" /></button>
      ${extra?.(picture)}
    </div>
    <${PictureMenu} id=${id} picture=${picture} draft=${draft} isFile=${isFile} onCopyAs=${() => { copying.value = true; }} onDelete=${onDelete} />
    ${copying.value && html`<${CopyDialog} order=${orderOfOne(picture)} onClose=${() => { copying.value = false; }} />`}`;
}
