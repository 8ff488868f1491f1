/** What can be done with a finished picture. */

import { announce } from "../app/announcer.js";
import { go } from "../app/views.js";
import { drafts } from "../state/draft.js";
import { wordsOf } from "../state/language.js";
import { fileNameOf, shorten } from "../state/pictures.js";
import { Dialog } from "../ui/dialog.js";
import { copyPicture } from "../ui/download.js";
import { html, useSignal } from "../ui/html.js";

/**
 * @param {{picture: Picture, draft: Draft, extra?: Extra}} props
 */
export function PictureActions({ picture, draft, extra }) {
  const words = wordsOf("watch");
  const large = useSignal(false);
  const copy = async () => {
    try {
      await copyPicture(picture.blob);
      announce(words.copied, true);
    } catch {
      announce(words.notCopied, true);
    }
  };
  /** With the seed that was really used, so that the same picture comes again. */
  const reuse = () => {
    const { order, seed } = picture;
    draft.reuse(seed === null ? order : { ...order, parameters: { ...order.parameters, seed } });
  };
  const edit = () => {
    drafts.edit.take(picture.blob);
    go("edit");
  };
  return html`
    <div class="tools" role="group" aria-label=${words.actions}>
      <a class="button button-quiet" href=${picture.url} download=${fileNameOf(picture)}>${words.download}</a>
      <button class="button button-quiet" type="button" onClick=${copy}>${words.copy}</button>
      <button class="button button-quiet" type="button" onClick=${() => { large.value = true; }}>${words.open}</button>
      <button class="button button-quiet" type="button" onClick=${reuse}>${words.reuse}</button>
      <button class="button button-quiet" type="button" onClick=${edit}>${words.editThis}</button>
      ${extra?.(picture)}
    </div>
    ${large.value && html`
      <${Dialog} title=${shorten(picture.order.prompt, 80) || words.open} close=${words.close} wide onClose=${() => { large.value = false; }}>
        <div class="full-size" tabindex="0"><img src=${picture.url} alt=${shorten(picture.order.prompt)} width=${picture.width} height=${picture.height} /></div>
      <//>`}`;
}
