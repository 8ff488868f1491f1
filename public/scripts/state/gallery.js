/** Finished pictures, in this browser's IndexedDB: the file, a thumbnail and all parameters, but no secrets. */

import { signal } from "../ui/html.js";
import { openDB } from "../../vendor/idb.js";
import { thumbnailOf } from "./pictures.js";

const THUMBNAIL_PIXELS = 320;
const NAME = "darkroom";
const STORE = "pictures";

/** @type {Signal<number>} counts up whenever the rows change */
export const revision = signal(0);

/** @type {Signal<number>} how many pictures could not be kept since the page was opened */
export const unkept = signal(0);

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
 * @param {Picture} picture
 * @returns {Promise<string | undefined>} its id, where it is kept
 */
export async function keep({ taskId, blob, width, height, seed, model, provider, requestId, elapsedS, order }) {
  const { images: _images, mask: _mask, ...kept } = order;
  try {
    const thumbnail = await thumbnailOf(blob, THUMBNAIL_PIXELS);
    const id = taskId ?? crypto.getRandomValues(new Uint32Array(4)).join("-");
    lastAt = Math.max(Date.now(), lastAt + 1); // several may come within a millisecond, and have an order
    const row = { id, createdAt: lastAt, blob, thumbnail, width, height, seed, model, provider, requestId, elapsedS, order: kept };
    await (await database()).put(STORE, row);
    revision.value += 1;
    return id;
  } catch (error) {
    console.warn("The picture could not be kept:", error);
    unkept.value += 1;
  }
}

/** @returns {Promise<Kept[]>} newest first */
export async function listKept() {
  const rows = await (await database()).getAllFromIndex(STORE, "createdAt");
  return rows.reverse();
}

/** @param {string} id */
export async function forget(id) {
  await (await database()).delete(STORE, id);
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
  remove: ({ id }) => forget(id),
  clear: forgetAll,
};
