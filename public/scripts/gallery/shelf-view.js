/** A shelf of pictures, by the days they were made: those of this browser, or a history that the gateway keeps. */

import { announce } from "../app/announcer.js";
import { openedId } from "../app/views.js";
import { GatewayFailure } from "../gateway/failure.js";
import { forgetAll, restore, revision, unkept } from "../state/gallery.js";
import { fill, wordsOf } from "../state/language.js";
import { FailureCard } from "../ui/failure-card.js";
import { html, useEffect, useRef, useSignal, useSignalEffect } from "../ui/html.js";
import { describeDay } from "../ui/numbers.js";
import { finish, offerUndo } from "../ui/undo.js";
import { openViewer } from "../ui/viewer.js";
import { Chosen } from "./chosen.js";
import { Confirm } from "./confirm.js";
import { downloadZip } from "./export.js";
import { Filters, matches, NO_FILTER } from "./filters.js";
import { ImportButton } from "./import-button.js";
import { Print } from "./print.js";

const AT_ONCE = 60;

/** @param {{shelf: Shelf, here: boolean}} props  here: in this browser */
export function ShelfView({ shelf, here }) {
  const words = wordsOf("gallery");
  const [filter, most, choosing] = [useSignal(NO_FILTER), useSignal(AT_ONCE), useSignal(false)];
  /** @type {Signal<string[]>} ids, in the order in which they were chosen */
  const chosen = useSignal([]);
  /** @type {Signal<Listed>} */
  const listed = useSignal({ rows: [], total: -1 });
  /** @type {Signal<unknown>} */
  const failure = useSignal(null);
  const followed = useRef(false);

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
  useEffect(() => (here ? undefined : finish), []); // what is to be deleted elsewhere, is when one leaves

  const { rows, total, note, usage = 0, quota } = listed.value;
  const found = rows.filter((row) => matches(row, filter.value));
  const known = new Set(rows.map(({ id }) => id));
  const ids = chosen.value.filter((id) => known.has(id));
  const days = Map.groupBy(found.slice(0, most.value), ({ createdAt }) => describeDay(createdAt));

  /** Elsewhere nothing comes back: it is deleted when the time to think it over has passed. @param {Past} row */
  const removeThere = (row) => {
    const before = listed.value;
    listed.value = { ...before, rows: before.rows.filter(({ id }) => id !== row.id), total: before.total - 1 };
    offerUndo({ text: wordsOf("undo").deletedOne, undo: () => { listed.value = before; }, commit: () => shelf.remove(row).catch((error) => { failure.value = error; }) });
  };
  const removeAll = async () => {
    const all = rows;
    if (here) {
      await forgetAll();
      offerUndo({ text: fill(wordsOf("undo").deleted, { count: all.length }), undo: () => restore(all) });
    } else await attempt(async () => {
      await shelf.clear();
      announce(words.removed, true);
      return { ...listed.value, rows: [], total: 0 };
    });
    document.getElementById("main")?.focus();
  };
  const more = () => {
    most.value += AT_ONCE;
    if (rows.length < total) void load();
  };
  /** @param {Past} row */
  const open = (row) => openViewer(found, found.indexOf(row), here ? {} : { onDelete: removeThere });
  /** @param {Past} row @param {boolean} range */
  const choose = (row, range) => {
    const order = found.map(({ id }) => id);
    const [last, now] = [order.indexOf(ids.at(-1) ?? ""), order.indexOf(row.id)];
    const span = range && last >= 0 ? order.slice(Math.min(last, now), Math.max(last, now) + 1) : [];
    if (span.length > 0) chosen.value = [...new Set([...ids, ...span])];
    else chosen.value = ids.includes(row.id) ? ids.filter((id) => id !== row.id) : [...ids, row.id];
    choosing.value = true;
  };
  const chooseNone = () => {
    chosen.value = [];
    choosing.value = false;
  };
  // A link to a picture, or the browser's Forward, opens it; what closes the viewer leaves no id behind.
  useSignalEffect(() => {
    const row = listed.value.rows.find(({ id }) => id === openedId.value);
    if (row && !followed.current && !document.querySelector("dialog[open]")) void open(row);
    followed.current = Boolean(row);
  });
  return html`
    ${here && (failure.value || unkept.value) ? html`<p class="card failure" role="alert">${words.refused}</p>`
      : failure.value instanceof GatewayFailure && html`<${FailureCard} title=${words.failed} failure=${failure.value} />`}
    ${total === 0 && html`<div class="tray"><p class="tray-note">${note ?? words.empty}${here && html`<br /><a href="#create">${wordsOf("stage").question}</a>`}</p></div>`}
    ${total > 0 && html`<${Filters} rows=${rows} filter=${filter.value} here=${here} onChange=${(/** @type {typeof NO_FILTER} */ now) => { filter.value = now; }} />`}
    <div class="tools">
      ${total > 0 && html`<span class="hint" role="status">${fill(words.found, { count: found.length, total })}</span>`}
      ${here && total > 0 && html`
        <button class="button button-quiet" type="button" aria-pressed=${choosing.value} onClick=${() => (choosing.value ? chooseNone() : (choosing.value = true))}>${words.select}</button>
        <button class="button button-quiet" type="button" onClick=${() => downloadZip(/** @type {Kept[]} */ (found))}>${words.downloadAll}</button>`}
      ${here && html`<${ImportButton} />`}
      ${total > 0 && html`<${Confirm} label=${words.removeAll} question=${fill(words.removeAllAsk, { total })} onConfirm=${removeAll} />`}
    </div>
    ${ids.length > 0 && html`<${Chosen} rows=${/** @type {Kept[]} */ (ids.map((id) => rows.find((row) => row.id === id)))} onDone=${chooseNone} />`}
    ${[...days].map(([day, prints]) => html`
      <h3 class="day" key=${`day ${day}`}>${day}</h3>
      <ul class="shelf" key=${day} data-choosing=${choosing.value ? "" : undefined}>
        ${prints.map((row) => html`
          <${Print} key=${row.id} row=${row} chosen=${ids.includes(row.id)} choosing=${choosing.value} onOpen=${() => open(row)}
            onChoose=${here ? (/** @type {boolean} */ range) => choose(row, range) : undefined} />`)}
      </ul>`)}
    ${(found.length > most.value || rows.length < total) && total > 0 && html`<button class="button" type="button" onClick=${more}>${words.more}</button>`}
    <p class="hint shelf-notes">${here ? words.keptHere : words.keptThere} ${quota && fill(words.room, { used: (usage / 1e6).toFixed(1), free: ((quota - usage) / 1e9).toFixed(1) })}</p>`;
}
