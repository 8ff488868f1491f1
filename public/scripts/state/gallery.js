/** Finished pictures, in this browser's IndexedDB: the file, a thumbnail and all parameters, but no secrets. */

import { signal } from "../ui/html.js";
import { openDB } from "../../vendor/idb.js";
import { thumbnailOf } from "./pictures.js";

const THUMBNAIL_PIXELS = 320;
const NAME = "darkroom";
const STORE = "pictures";

/** @type {Signal<number>} counts up whenever the rows change */
export const revision = signal(0);

/** @type {Promise<import("../../vendor/idb.js").IDBPDatabase> | null} */
let opening = null;

function database() {
  opening ??= openDB(NAME, 1, {
    upgrade(db) {
      db.createObjectStore(STORE, { keyPath: "id" }).createIndex("createdAt", "createdAt");
    },
  });
  return opening;
}

/**
 * Keeps a picture, where the browser has room and lets us; the page goes on without.
 * @param {Picture} picture
 */
export async function keep(picture) {
  const { url: _, order, blob, ...facts } = picture;
  const { images: _images, mask: _mask, ...kept } = order;
  try {
    const thumbnail = await thumbnailOf(blob, THUMBNAIL_PIXELS);
    const row = { ...facts, blob, thumbnail, order: kept, id: crypto.randomUUID(), createdAt: Date.now() };
    await (await database()).put(STORE, row);
    revision.value += 1;
  } catch (error) {
    console.warn("The picture could not be kept:", error);
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
