/** What can be done with a finished picture. */

import { go } from "../app/views.js";
import { CopyAs } from "../copying/copy-as.js";
import { CopyButton } from "../copying/copy-button.js";
import { linkTo } from "../copying/links.js";
import { SendOn } from "../edit/send-on.js";
import { isOneRequest } from "../gateway/orders.js";
import { drafts } from "../state/draft.js";
import { wordsOf } from "../state/language.js";
import { fileNameOf, shorten } from "../state/pictures.js";
import { Dialog } from "../ui/dialog.js";
import { copyPicture } from "../ui/download.js";
import { html, useSignal } from "../ui/html.js";

/** @param {{picture: Picture, draft: Draft, extra?: Extra}} props */
export function PictureActions({ picture, draft, extra }) {
  const words = wordsOf("watch");
  const large = useSignal(false);
  const { blob, order, seed, url } = picture;
  const isFile = blob.size > 0 || !url; // else it is elsewhere, and shown from there
  /** With the seed that was really used, so that the same picture comes again. */
  const reuse = () => {
    draft.reuse(seed === null ? order : { ...order, parameters: { ...order.parameters, seed } });
    if (draft.view !== "layer") go(draft.view);
  };
  const edit = () => {
    drafts.edit.take(blob);
    go("edit");
  };
  return html`
    <div class="tools" role="group" aria-label=${words.actions}>
      <a class="button button-quiet" href=${url} download=${isFile ? fileNameOf(picture) : ""} target="_blank">${words.download}</a>
      ${isFile && html`<${CopyButton} label=${words.copy} copy=${() => copyPicture(blob)} />`}
      <button class="button button-quiet" type="button" onClick=${() => { large.value = true; }}>${words.open}</button>
      <button class="button button-quiet" type="button" onClick=${reuse}>${words.reuse}</button>
      ${isFile && html`<button class="button button-quiet" type="button" onClick=${edit}>${words.editThis}</button><${SendOn} blob=${blob} />`}
      ${order.operation === "generate" && html`<${CopyButton} label=${words.copyLink} copy=${() => navigator.clipboard.writeText(linkTo(order, seed))} />`}
      ${isOneRequest(order) && html`<${CopyAs} order=${() => order} />`}
      ${extra?.(picture)}
    </div>
    ${large.value && html`
      <${Dialog} title=${shorten(order.prompt, 80) || words.open} close=${words.close} wide onClose=${() => { large.value = false; }}>
        <div class="full-size" tabindex="0"><img src=${url} alt=${shorten(order.prompt)} width=${picture.width} height=${picture.height} /></div>
      <//>`}`;
}
