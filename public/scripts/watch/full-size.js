/** One picture in full size, over the page. */

import { wordsOf } from "../state/language.js";
import { shorten } from "../state/pictures.js";
import { BlobImage } from "../ui/blob-image.js";
import { Dialog } from "../ui/dialog.js";
import { html, signal } from "../ui/html.js";

/** @type {Signal<Picture | Past | null>} */
const opened = signal(null);

/**
 * @param {(Picture | Past)[]} pictures
 * @param {number} index  of the one that is opened
 */
export function openViewer(pictures, index) {
  opened.value = pictures[index];
}

/** Stands once on the page. */
export function Viewer() {
  const words = wordsOf("watch");
  if (!opened.value) return null;
  const { order, blob, url = "", width, height } = opened.value;
  const about = { alt: shorten(order.prompt), width, height };
  return html`
    <${Dialog} title=${shorten(order.prompt, 80) || words.open} close=${words.close} wide onClose=${() => { opened.value = null; }}>
      <div class="full-size" tabindex="0">${blob?.size ? html`<${BlobImage} blob=${blob} ...${about} />` : html`<img src=${url} ...${about} />`}</div>
    <//>`;
}
