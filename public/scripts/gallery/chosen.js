/** What can be done with several pictures at once. */

import { announce } from "../app/announcer.js";
import { sharing } from "../state/catalog.js";
import { star, starred } from "../state/gallery.js";
import { fill, wordsOf } from "../state/language.js";
import { fileNameOf } from "../state/pictures.js";
import { removePictures } from "../state/removal.js";
import { html, useSignal } from "../ui/html.js";
import { downloadZip } from "./export.js";

const MOST_COMPARED = 4;

/** @param {{rows: Kept[], onDone: () => void}} props  rows: those that are chosen */
export function Chosen({ rows, onDone }) {
  const words = wordsOf("gallery");
  const dialog = useSignal(/** @type {any} */ (null));
  const ids = rows.map(({ id }) => id);
  const on = !ids.every((id) => starred.value.has(id));
  const files = () => rows.map((row) => new File([row.blob], fileNameOf(row), { type: row.blob.type }));
  const share = async () => {
    if (navigator.canShare?.({ files: files() })) navigator.share({ files: files() }).catch(() => {}); // who thinks better of it has no failure
    else if (rows.length === 1) dialog.value = (await import("./share-dialog.js")).ShareDialog;
  };
  const compare = async () => { dialog.value = (await import("./side-by-side.js")).SideBySide; };
  const remove = () => {
    void removePictures(rows);
    onDone();
    document.getElementById("main")?.focus();
  };
  const markAll = () => {
    void star(ids, on);
    announce(on ? wordsOf("viewer").starred : wordsOf("viewer").unstarred, true);
  };
  const shares = rows.length === 1 ? sharing.value || "share" in navigator : "canShare" in navigator;
  return html`
    <div class="chosen card" role="group" aria-label=${words.chosenActions}>
      <strong role="status">${fill(words.chosen, { count: rows.length })}</strong>
      <button class="button button-quiet" type="button" onClick=${markAll}>${on ? words.giveStar : words.takeStar}</button>
      <button class="button button-quiet" type="button" onClick=${() => downloadZip(rows)}>${words.downloadAll}</button>
      ${rows.length > 1 && rows.length <= MOST_COMPARED && html`<button class="button button-quiet" type="button" onClick=${compare}>${words.compare}</button>`}
      ${shares && html`<button class="button button-quiet" type="button" onClick=${share}>${words.share}</button>`}
      <button class="button button-quiet" type="button" onClick=${remove}>${words.remove}</button>
      <button class="button button-quiet" type="button" onClick=${onDone}>${words.chooseNone}</button>
    </div>
    ${dialog.value && html`<${dialog.value} rows=${rows} picture=${rows[0]} onClose=${() => { dialog.value = null; }} />`}`;
}
