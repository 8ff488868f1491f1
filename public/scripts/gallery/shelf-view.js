/** A shelf of pictures: those of this browser, or a history that the gateway keeps. */

import { announce } from "../app/announcer.js";
import { GatewayFailure } from "../gateway/failure.js";
import { nameOf } from "../state/catalog.js";
import { revision, unkept } from "../state/gallery.js";
import { fill, wordsOf } from "../state/language.js";
import { fileNameOf, shorten } from "../state/pictures.js";
import { useBlobUrl } from "../ui/blob-url.js";
import { download } from "../ui/download.js";
import { FailureCard } from "../ui/failure-card.js";
import { html, useEffect, useId, useSignal } from "../ui/html.js";
import { zipOf } from "../ui/zip.js";
import { Confirm } from "./confirm.js";
import { PastDialog } from "./past-dialog.js";

const AT_ONCE = 60;

/** @param {{shelf: Shelf, here: boolean}} props  here: in this browser */
export function ShelfView({ shelf, here }) {
  const words = wordsOf("gallery");
  const [id, sought, most] = [useId(), useSignal(""), useSignal(AT_ONCE)];
  /** @type {Signal<Past | null>} */
  const opened = useSignal(null);
  /** @type {Signal<Listed>} */
  const listed = useSignal({ rows: [], total: -1 });
  /** @type {Signal<unknown>} */
  const failure = useSignal(null);

  /** @param {() => Promise<Listed>} work */
  const attempt = async (work) => {
    failure.value = null;
    try {
      listed.value = await work();
    } catch (error) {
      if (!here && !(error instanceof GatewayFailure)) throw error; // a mistake in this page
      failure.value = error;
    }
  };
  const load = () => attempt(() => shelf.list(listed.value));
  useEffect(() => void load(), [here && revision.value]);

  /** @param {() => Promise<unknown>} work  @param {string} [id]  of the one that goes; without it all do */
  const remove = (work, id) => attempt(async () => {
    opened.value = null;
    await work();
    announce(words.removed, true);
    document.getElementById("main")?.focus();
    const { rows, total } = listed.value;
    const left = id ? rows.filter((row) => row.id !== id) : [];
    return { ...listed.value, rows: left, total: id ? total - rows.length + left.length : 0 };
  });
  const more = () => {
    most.value += AT_ONCE;
    if (rows.length < total) void load();
  };
  const downloadAll = async () => {
    const kept = /** @type {Kept[]} */ (found);
    const files = kept.map((row, at) => ({ name: `${at + 1}-${fileNameOf(row)}`, input: row.blob }));
    const facts = kept.map(({ blob: _, thumbnail: _small, ...row }, at) => ({ file: files[at].name, ...row }));
    download(await zipOf([...files, { name: "pictures.json", input: JSON.stringify(facts, null, 2) }]), "darkroom.zip");
  };

  const { rows, total, note, usage = 0, quota } = listed.value;
  const past = opened.value;
  const found = rows.filter((row) => matches(row, sought.value));
  return html`
    ${here && (failure.value || unkept.value) ? html`<p class="card failure" role="alert">${words.refused}</p>`
      : failure.value instanceof GatewayFailure && html`<${FailureCard} title=${words.failed} failure=${failure.value} />`}
    <p class="hint">${here ? words.keptHere : words.keptThere} ${quota && fill(words.room, { used: (usage / 1e6).toFixed(1), free: ((quota - usage) / 1e9).toFixed(1) })}</p>
    ${total === 0 && html`<div class="tray"><p class="tray-note">${note ?? words.empty}</p></div>`}
    ${total > 0 && html`
      <div class="field">
        <label for=${id}>${words.search}</label>
        <input id=${id} type="search" value=${sought.value} onInput=${(/** @type {At<HTMLInputElement>} */ { currentTarget }) => { sought.value = currentTarget.value; }} />
      </div>
      <div class="tools">
        <span class="hint" role="status">${fill(words.found, { count: found.length, total })}</span>
        ${here && html`<button class="button button-quiet" type="button" onClick=${downloadAll}>${words.downloadAll}</button>`}
        <${Confirm} label=${words.removeAll} question=${fill(words.removeAllAsk, { total })} onConfirm=${() => remove(() => shelf.clear())} />
      </div>
      <ul class="shelf">
        ${found.slice(0, most.value).map((row) => html`
          <li key=${row.id}>
            <button type="button" onClick=${() => { opened.value = row; }}>
              ${row.thumbnail ? html`<${Thumbnail} file=${row.thumbnail} />` : html`<img src=${row.url} alt="" loading="lazy" />`}
              <span dir="auto">${shorten(row.order.prompt, 60)}</span> <small>${nameOf(row.model)}</small>
            </button>
          </li>`)}
      </ul>
      ${(found.length > most.value || rows.length < total) && html`<button class="button" type="button" onClick=${more}>${words.more}</button>`}`}
    ${past && html`
      <${PastDialog} row=${past} onDelete=${() => remove(() => shelf.remove(past), past.id)} onClose=${() => { opened.value = null; }} />`}`;
}

/** @param {{file: Blob}} props */
const Thumbnail = ({ file }) => html`<img src=${useBlobUrl(file)} alt="" />`;

/** @param {Past} row  @param {string} sought  words, all of which must be somewhere in it */
function matches({ order, model, seed }, sought) {
  const text = [order.prompt, model, nameOf(model), seed].join(" ").toLowerCase();
  return sought.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
