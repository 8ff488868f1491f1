/** The rest of what can be done with a picture, in a popover beside its button. */

import { announce } from "../app/announcer.js";
import { go } from "../app/views.js";
import { CopyButton } from "../copying/copy-button.js";
import { linkTo } from "../copying/links.js";
import { isOneRequest } from "../gateway/orders.js";
import { can, painters } from "../state/catalog.js";
import { drafts } from "../state/draft.js";
import { fill, wordsOf } from "../state/language.js";
import { fileNameOf } from "../state/pictures.js";
import { copyPicture } from "../ui/download.js";
import { html, useSignal } from "../ui/html.js";
import { openViewer } from "../ui/viewer.js";
import { exactOrder } from "./vary.js";

const MARGIN = 8;

/**
 * @param {{id: string, picture: Picture, draft: Draft, isFile: boolean, onCopyAs: () => void, onDelete?: () => void}} props
 *   `id`: what its button names as its `popovertarget`
 */
export function PictureMenu({ id, picture, draft, isFile, onCopyAs, onDelete }) {
  const words = wordsOf("watch");
  const asked = useSignal(false);
  const { blob, order, seed } = picture;
  const exact = exactOrder(picture);
  const reuse = () => {
    draft.reuse(exact);
    if (draft.view !== "layer") go(draft.view);
  };
  const share = () => navigator.share({ files: [fileOf(picture)] }).catch(() => {}); // who thinks better of it has no failure
  const refer = () => {
    drafts.edit.refer(blob);
    announce(fill(wordsOf("edit").picture, { number: drafts.edit.images.value.length }), true);
    go("edit");
  };
  const takeApart = () => {
    drafts.layers.take(blob);
    go("layers");
  };
  const compare = async () => {
    const { compareWith } = await import("../compare/compare-view.js");
    compareWith(exact);
    go("compare");
  };
  const remove = () => {
    const sure = asked.value;
    asked.value = !sure;
    if (!sure) return;
    document.getElementById(id)?.hidePopover();
    onDelete?.();
  };
  /** @param {string} label  @param {() => void} onClick  @param {boolean} [stays]  open */
  const item = (label, onClick, stays = false) => html`
    <button class="button button-quiet" type="button" popovertarget=${stays ? undefined : id} onClick=${onClick}>${label}</button>`;
  return html`
    <div class="menu card" id=${id} popover role="group" aria-label=${words.more} onToggle=${place} onFocusOut=${() => { asked.value = false; }}>
      ${isFile && html`<${CopyButton} label=${words.copy} copy=${() => copyPicture(blob)} />`}
      ${isFile && navigator.canShare?.({ files: [fileOf(picture)] }) && item(words.share, share)}
      ${order.operation === "generate" && html`<${CopyButton} label=${words.copyLink} copy=${() => navigator.clipboard.writeText(linkTo(order, seed))} />`}
      ${isOneRequest(order) && item(wordsOf("copying").open, onCopyAs)}
      ${item(words.open, () => openViewer([picture], 0))}
      ${item(words.reuse, reuse)}
      ${isFile && item(words.refer, refer)}
      ${isFile && painters.value.some((model) => can(model, "decompose")) && item(words.takeApart, takeApart)}
      ${order.operation === "generate" && item(words.compare, compare)}
      ${onDelete && item(asked.value ? words.sure : words.delete, remove, true)}
    </div>`;
}

/** @param {Picture} picture */
const fileOf = (picture) => new File([picture.blob], fileNameOf(picture), { type: picture.blob.type });

/** Below its button, or above it where there is no room. @param {ToggleEvent & {currentTarget: HTMLElement}} event */
function place({ newState, currentTarget: menu }) {
  const button = document.querySelector(`[popovertarget="${menu.id}"]`);
  if (newState !== "open" || !button) return;
  const { left, top, bottom } = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = bottom + height + MARGIN < innerHeight;
  menu.style.left = `${Math.max(MARGIN, Math.min(left, document.documentElement.clientWidth - width - MARGIN))}px`;
  menu.style.top = `${Math.max(MARGIN, below ? bottom : top - height)}px`;
}
