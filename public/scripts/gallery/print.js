/** One picture on the shelf, in its true proportions: it opens, or it is chosen among others. */

import { nameOf } from "../state/catalog.js";
import { starred } from "../state/gallery.js";
import { fill, wordsOf } from "../state/language.js";
import { shorten } from "../state/pictures.js";
import { BlobImage } from "../ui/blob-image.js";
import { html, useRef } from "../ui/html.js";

const LONG_PRESS_MS = 500;

/**
 * @param {{row: Past, chosen: boolean, choosing: boolean, onOpen: () => void, onChoose?: (range: boolean) => void}} props
 *   `choosing`: a click chooses; `range`: with all since the last one
 */
export function Print({ row, chosen, choosing, onOpen, onChoose }) {
  const words = wordsOf("gallery");
  const pressing = useRef({ timer: 0, wasLong: false });
  const title = titleOf(row);
  /** @param {MouseEvent} event */
  const onClick = (event) => {
    const { wasLong } = pressing.current;
    pressing.current.wasLong = false;
    if (wasLong) return;
    if (onChoose && (choosing || event.shiftKey || event.ctrlKey || event.metaKey)) onChoose(event.shiftKey);
    else onOpen();
  };
  const release = () => clearTimeout(pressing.current.timer);
  /** @param {PointerEvent} event */
  const onPress = ({ pointerType }) => {
    pressing.current.wasLong = false;
    if (pointerType === "mouse" || !onChoose) return;
    pressing.current.timer = window.setTimeout(() => {
      pressing.current.wasLong = true;
      onChoose(false);
    }, LONG_PRESS_MS);
  };
  return html`
    <li class="print" data-chosen=${chosen ? "" : undefined} ref=${(/** @type {HTMLElement | null} */ item) => item?.style.setProperty("--ratio", String(row.width / row.height || 1))}>
      <button type="button" onClick=${onClick} onPointerDown=${onPress} onPointerUp=${release} onPointerCancel=${release} onPointerMove=${release}
        onContextMenu=${(/** @type {Event} */ event) => pressing.current.wasLong && event.preventDefault()}>
        ${row.thumbnail ? html`<${BlobImage} blob=${row.thumbnail} alt="" draggable=${false} />` : html`<img src=${row.url} alt="" loading="lazy" />`}
        <span dir="auto">${shorten(title, 60)}</span> ${row.order.prompt && html`<small>${nameOf(row.model)}</small>`}
        ${starred.value.has(row.id) && html`<span class="print-star" aria-label=${words.starred} role="img">★</span>`}
      </button>
      ${onChoose && html`
        <input type="checkbox" checked=${chosen} aria-label=${fill(words.choose, { title: shorten(title, 60) })}
          onClick=${(/** @type {MouseEvent} */ event) => onChoose(event.shiftKey)} />`}
    </li>`;
}

/** What it is called: an enlarged one has no prompt. @param {Past} row */
export function titleOf({ order, model }) {
  const words = wordsOf("gallery");
  const made = { generate: words.generated, edit: words.edited, upscale: words.enlarged }[/** @type {"generate"} */ (order.operation)];
  return order.prompt || [made, nameOf(model ?? order.model)].filter(Boolean).join(" · ");
}
