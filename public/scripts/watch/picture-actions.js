/** What can be done with a finished picture. */

import { go } from "../app/views.js";
import { CopyAs } from "../copying/copy-as.js";
import { CopyButton } from "../copying/copy-button.js";
import { linkTo } from "../copying/links.js";
import { isOneRequest } from "../gateway/orders.js";
import { drafts } from "../state/draft.js";
import { wordsOf } from "../state/language.js";
import { jobs } from "../state/jobs.js";
import { fileNameOf } from "../state/pictures.js";
import { copyPicture } from "../ui/download.js";
import { html } from "../ui/html.js";
import { save } from "../ui/save.js";
import { openViewer } from "../ui/viewer.js";

/** @param {{picture: Picture, draft: Draft, extra?: Extra}} props */
export function PictureActions({ picture, draft, extra }) {
  const words = wordsOf("watch");
  const { blob, order, seed, url } = picture;
  const isFile = blob.size > 0 || !url; // else it is elsewhere, and shown from there
  /** With the seed that was really used, so that the same picture comes again. */
  const reuse = () => {
    draft.reuse(seed === null ? order : { ...order, parameters: { ...order.parameters, seed } });
    if (draft.view !== "layer") go(draft.view);
  };
  /** Among the others of its job. */
  const open = () => {
    const { pictures = [picture] } = jobs.value.find((job) => job.pictures.includes(picture)) ?? {};
    void openViewer(pictures, pictures.indexOf(picture));
  };
  const edit = () => {
    drafts.edit.take(blob);
    go("edit");
  };
  return html`
    <div class="tools" role="group" aria-label=${words.actions}>
      <a class="button button-quiet" href=${url} download=${isFile ? fileNameOf(picture) : ""} target="_blank" onClick=${(/** @type {Event} */ event) => isFile && save(picture, event)}>${words.download}</a>
      ${isFile && html`<${CopyButton} label=${words.copy} copy=${() => copyPicture(blob)} />`}
      <button class="button button-quiet" type="button" onClick=${open}>${words.open}</button>
      <button class="button button-quiet" type="button" onClick=${reuse}>${words.reuse}</button>
      ${isFile && html`<button class="button button-quiet" type="button" onClick=${edit}>${words.editThis}</button>`}
      ${order.operation === "generate" && html`<${CopyButton} label=${words.copyLink} copy=${() => navigator.clipboard.writeText(linkTo(order, seed))} />`}
      ${isOneRequest(order) && html`<${CopyAs} order=${() => order} />`}
      ${extra?.(picture)}
    </div>`;
}
