/** One picture over the whole window, and the way to its neighbours: by keys, by swiping, by buttons. */

import { announce } from "../app/announcer.js";
import { go, nameOpened, openedId } from "../app/views.js";
import { sharing } from "../state/catalog.js";
import { drafts } from "../state/draft.js";
import { listKept, star, starred } from "../state/gallery.js";
import { fill, wordsOf } from "../state/language.js";
import { shorten } from "../state/pictures.js";
import { keptIdOf, removePictures } from "../state/removal.js";
import { BlobImage } from "../ui/blob-image.js";
import { html, render, signal, useEffect, useLayoutEffect, useRef, useSignal } from "../ui/html.js";
import { save } from "../ui/save.js";
import { Undo } from "../ui/undo.js";
import { Veil } from "../ui/veil.js";
import { Button } from "./button.js";
import { Info } from "./info.js";
import { Zoom } from "./zoom.js";

/** @typedef {{onDelete?: (picture: Past) => void}} Options */

/** @type {Signal<{pictures: (Picture | Past)[], at: number, options: Options} | null>} */
const shown = signal(null);
const withInfo = signal(false);

/** @param {Picture | Past} picture */
const idOf = (picture) => ("id" in picture && picture.id) || ("keptId" in picture && picture.keptId) || "picture";

/** @param {(Picture | Past)[]} pictures @param {number} at @param {Options} [options] */
export function open(pictures, at, options = {}) {
  if (!document.querySelector(".viewer-root")) {
    const root = Object.assign(document.createElement("div"), { className: "viewer-root" });
    document.body.append(root);
    render(html`<${Viewer} />`, root);
  }
  const id = idOf(pictures[at]);
  if (openedId.value !== id) nameOpened(id, true); // a link that was followed has named it
  shown.value = { pictures, at, options };
  if (pictures.some((picture) => "keptId" in picture)) listKept().catch(() => {}); // for their stars
}

function Viewer() {
  // Back, or another address, closes it.
  useEffect(() => { if (!openedId.value) shown.value = null; }, [openedId.value]);
  return shown.value && html`<${Opened} ...${shown.value} />`;
}

/** @param {{pictures: (Picture | Past)[], at: number, options: Options}} props */
function Opened({ pictures, at, options }) {
  const words = wordsOf("viewer");
  /** @type {Ref<HTMLDialogElement>} */
  const dialog = useRef(null);
  /** @type {Ref<HTMLDivElement>} */
  const frame = useRef(null);
  /** @type {Ref<Zoom>} */
  const zoom = useRef(null);
  const [percent, before, sharingNow] = [useSignal(100), useSignal(false), useSignal(/** @type {any} */ (null))];
  const picture = pictures[at];
  const { blob, order, width, height } = picture;
  const isFile = Boolean(blob?.size);
  const file = /** @type {Picture | Past & {blob: Blob}} */ (picture);
  const keptId = keptIdOf(picture);
  const earlier = order.images?.[0];
  const title = shorten(order.prompt, 250) || words.untitled;
  const isStarred = Boolean(keptId && starred.value.has(keptId));

  useLayoutEffect(() => {
    const listening = new AbortController();
    dialog.current?.showModal();
    frame.current?.focus();
    if (frame.current) {
      zoom.current = new Zoom(frame.current, { onChange: (now) => { percent.value = now; }, onSwipe: (by) => step(by) });
      zoom.current.listen(listening.signal);
      zoom.current.take({ width, height });
    }
    return () => {
      listening.abort();
      dialog.current?.close();
    };
  }, []);
  // Before the reader can have pressed a key at the new picture.
  useLayoutEffect(() => {
    before.value = false;
    zoom.current?.take({ width, height });
    if (!dialog.current?.contains(document.activeElement)) frame.current?.focus(); // it was on the veil of the last one
    announce(`${fill(words.position, { at: at + 1, count: pictures.length })}: ${shorten(order.prompt, 80)}`, true);
  }, [picture]);

  /** @param {number} by */
  const step = (by) => {
    const now = shown.value;
    const next = now && now.at + by;
    if (!now || next === null || !now.pictures[next]) return;
    shown.value = { ...now, at: next };
    nameOpened(idOf(now.pictures[next]));
  };
  const close = () => {
    shown.value = null;
    nameOpened("");
  };
  const edit = () => {
    if (!isFile) return;
    drafts.edit.take(file.blob);
    close();
    go("edit");
  };
  const toggleStar = () => {
    if (!keptId) return;
    announce(isStarred ? words.unstarred : words.starred, true);
    void star([keptId], !isStarred);
  };
  const remove = () => {
    if (keptId) void removePictures([picture], () => { if (shown.value?.pictures === left) shown.value = { pictures, at, options }; });
    else options.onDelete?.(/** @type {Past} */ (picture));
    const left = pictures.filter((other) => other !== picture);
    if (left.length === 0) return close();
    const next = Math.min(at, left.length - 1);
    shown.value = { pictures: left, at: next, options };
    nameOpened(idOf(left[next]));
    frame.current?.focus();
  };
  const canRemove = Boolean(keptId || options.onDelete);
  const share = async () => {
    const { ShareDialog } = await import("../gallery/share-dialog.js");
    sharingNow.value = ShareDialog;
  };
  /** @type {Record<string, () => unknown>} */
  const keys = {
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    "+": () => zoom.current?.step(1),
    "=": () => zoom.current?.step(1),
    "-": () => zoom.current?.step(-1),
    0: () => zoom.current?.fit(),
    1: () => zoom.current?.by(1 / (zoom.current.place.scale)),
    " ": () => { if (earlier) before.value = !before.value; },
    d: () => isFile && save(file),
    e: edit,
    f: toggleStar,
    i: () => { withInfo.value = !withInfo.value; },
    Delete: () => canRemove && remove(),
  };
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    const { target, ctrlKey, metaKey, altKey } = event;
    const work = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!work || ctrlKey || metaKey || altKey || sharingNow.value || !(target instanceof Element)) return;
    if (target.closest("dialog") !== dialog.current || target.matches("input, textarea") || (event.key === " " && target.matches("button, a"))) return;
    event.preventDefault();
    work();
  };
  const about = { alt: before.value ? wordsOf("edit").before : title, draggable: false };
  const image = before.value && earlier ? html`<${BlobImage} key="before" blob=${earlier} ...${about} />`
    : isFile ? html`<${BlobImage} key=${idOf(picture)} blob=${blob} ...${about} />` : html`<img key=${idOf(picture)} src=${picture.url} ...${about} />`;
  return html`
    <dialog class="viewer" ref=${dialog} aria-label=${title} onKeyDown=${onKey} onCancel=${(/** @type {Event} */ event) => { event.preventDefault(); close(); }}>
      <div class="viewer-bar">
        <p class="viewer-position" role="status">${fill(words.position, { at: at + 1, count: pictures.length })}</p>
        <div class="viewer-tools" role="group" aria-label=${wordsOf("watch").actions}>
          <${Button} name="smaller" label=${words.smaller} onClick=${() => zoom.current?.step(-1)} />
          <button class="button button-quiet viewer-percent" type="button" title=${words.fit} onClick=${() => zoom.current?.fit()}>${percent.value} %</button>
          <${Button} name="larger" label=${words.larger} onClick=${() => zoom.current?.step(1)} />
          ${earlier && html`<${Button} name="before" label=${words.before} pressed=${before.value} onClick=${() => { before.value = !before.value; }} />`}
          ${keptId && html`<${Button} name="star" label=${words.star} pressed=${isStarred} onClick=${toggleStar} />`}
          ${isFile && html`
            <${Button} name="download" label=${words.download} onClick=${() => save(file)} />
            <${Button} name="edit" label=${words.edit} onClick=${edit} />`}
          ${isFile && (sharing.value || "share" in navigator) && html`<${Button} name="share" label=${words.share} onClick=${share} />`}
          <${Button} name="info" label=${words.info} pressed=${withInfo.value} onClick=${() => { withInfo.value = !withInfo.value; }} />
          ${canRemove && html`<${Button} name="remove" label=${words.remove} onClick=${remove} />`}
        </div>
        <${Button} name="close" label=${words.close} onClick=${close} />
      </div>
      <div class="viewer-body">
        <div class="viewer-frame" ref=${frame} tabindex="0" role="group" aria-label=${words.keys}>
          ${image}
          <${Veil} key=${`veil ${idOf(picture)}`} of=${picture} onLift=${() => frame.current?.focus()} />
        </div>
        ${at > 0 && html`<${Button} name="previous" label=${words.previous} side="start" onClick=${() => step(-1)} />`}
        ${at < pictures.length - 1 && html`<${Button} name="next" label=${words.next} side="end" onClick=${() => step(1)} />`}
        ${withInfo.value && html`<${Info} picture=${picture} onLeave=${close} />`}
      </div>
      <${Undo} />
      ${sharingNow.value && html`<${sharingNow.value} picture=${file} onClose=${() => { sharingNow.value = null; }} />`}
    </dialog>`;
}
