/** Finished pictures, in this browser's IndexedDB: the file, a thumbnail and all parameters, but no secrets. */

import { signal } from "../ui/html.js";
import { openDB } from "../../vendor/idb.js";
import { thumbnailOf } from "./pictures.js";
import { readText, writeText } from "./storage.js";

const THUMBNAIL_PIXELS = 320;
const NAME = "darkroom";
const STORE = "pictures";
const ASKED = "darkroom.persistent";

/** @type {Signal<number>} counts up whenever the rows change */
export const revision = signal(0);

/** @type {Signal<number>} how many pictures could not be kept since the page was opened */
export const unkept = signal(0);

/** @type {Signal<ReadonlySet<string>>} the ids of those with a star, as far as they were read */
export const starred = signal(new Set());

/** @type {Promise<import("../../vendor/idb.js").IDBPDatabase> | null} */
let opening = null;

let lastAt = 0;

function database() {
  opening ??= openDB(NAME, 1, {
    upgrade(db) {
      db.createObjectStore(STORE, { keyPath: "id" }).createIndex("createdAt", "createdAt");
    },
  });
  return opening;
}

/**
 * Keeps a picture, where the browser has room and lets us; the page goes on without. What is kept is named here,
 * so that nothing else gets in: no key, and no picture that was worked on.
 * @param {Omit<Picture, "url"> & {id?: string, createdAt?: number, starred?: boolean}} picture
 * @returns {Promise<string | undefined>} its id, where it is kept
 */
export async function keep({ taskId, blob, width, height, seed, model, provider, requestId, elapsedS, order, ...known }) {
  const { images: _images, mask: _mask, ...kept } = order;
  try {
    const thumbnail = await thumbnailOf(blob, THUMBNAIL_PIXELS);
    const id = known.id ?? taskId ?? crypto.getRandomValues(new Uint32Array(4)).join("-");
    lastAt = Math.max(Date.now(), lastAt + 1); // several may come within a millisecond, and have an order
    const createdAt = known.createdAt ?? lastAt;
    await put({ id, createdAt, blob, thumbnail, width, height, seed, model, provider, requestId, elapsedS, order: kept, starred: known.starred });
    revision.value += 1;
    void persist();
    return id;
  } catch (error) {
    console.warn("The picture could not be kept:", error);
    unkept.value += 1;
  }
}

/**
 * Where a browser takes no Blob (Safari in private, WebKitGTK), it takes the bytes.
 * @param {Kept} row
 */
async function put(row) {
  const db = await database();
  try {
    await db.put(STORE, row);
  } catch {
    await db.put(STORE, { ...row, blob: await bytesOf(row.blob), thumbnail: await bytesOf(row.thumbnail) });
  }
}

/** @param {Blob} blob */
const bytesOf = async (blob) => ({ bytes: await blob.arrayBuffer(), type: blob.type });

/** @param {any} kept  a Blob, or the bytes of one */
const blobOf = (kept) => (kept instanceof Blob ? kept : new Blob([kept.bytes], { type: kept.type }));

/** Asks once that the browser may not forget the pictures by itself: some ask the reader. */
async function persist() {
  if (readText(localStorage, ASKED) || !navigator.storage?.persist) return;
  writeText(localStorage, ASKED, "asked");
  await navigator.storage.persist();
}

/** @returns {Promise<Kept[]>} newest first */
export async function listKept() {
  const kept = await (await database()).getAllFromIndex(STORE, "createdAt");
  const rows = kept.reverse().map((row) => ({ ...row, blob: blobOf(row.blob), thumbnail: blobOf(row.thumbnail) }));
  starred.value = new Set(rows.filter((row) => row.starred).map(({ id }) => id));
  return rows;
}

/** @param {string[]} ids @param {boolean} on */
export async function star(ids, on) {
  const db = await database();
  starred.value = new Set(on ? [...starred.value, ...ids] : [...starred.value].filter((id) => !ids.includes(id)));
  for (const id of ids) {
    const row = await db.get(STORE, id);
    if (row) await put({ ...row, blob: blobOf(row.blob), thumbnail: blobOf(row.thumbnail), starred: on });
  }
}

/** Brings back what was forgotten. @param {Past[]} rows */
export async function restore(rows) {
  for (const row of rows) await put(/** @type {Kept} */ (row));
  revision.value += 1;
}

/** @param {...string} ids */
export async function forget(...ids) {
  const db = await database();
  await Promise.all(ids.map((id) => db.delete(STORE, id)));
  revision.value += 1;
}

export async function forgetAll() {
  await (await database()).clear(STORE);
  revision.value += 1;
}

/** @type {Shelf} of all that is kept here */
export const device = {
  async list({ rows }) {
    const known = new Map(rows.map((row) => [row.id, row])); // whoever shows them shows them on
    const listed = await listKept();
    const room = await navigator.storage?.estimate();
    return { ...room, rows: listed.map((row) => known.get(row.id) ?? row), total: listed.length };
  },
  remove: (...rows) => forget(...rows.map(({ id }) => id)),
  clear: forgetAll,
};
