/** Tasks that are under way, in this browser's IndexedDB: what the page takes up again when it is opened. No secrets. */

import { openDB } from "../../vendor/idb.js";

const STORE = "tasks";

/** @type {Promise<import("../../vendor/idb.js").IDBPDatabase> | null} */
let opening = null;

const database = () => (opening ??= openDB("darkroom-jobs", 1, {
  upgrade(db) {
    db.createObjectStore(STORE, { keyPath: "taskId" });
  },
}));

/**
 * @param {KeptTask} row
 * @returns {Promise<boolean>} whether the browser let it be kept
 */
export async function keepTask({ order, ...row }) {
  const { images: _images, mask: _mask, ...kept } = order;
  try {
    await (await database()).put(STORE, { ...row, order: kept });
    return true;
  } catch (error) {
    console.warn("The task could not be kept:", error);
    return false;
  }
}

/** @param {string} taskId */
export async function forgetTask(taskId) {
  try {
    await (await database()).delete(STORE, taskId);
  } catch {
    // Where nothing is kept, there is nothing to forget.
  }
}

/** @returns {Promise<KeptTask[]>} oldest first; none where the browser keeps nothing */
export async function listTasks() {
  try {
    /** @type {KeptTask[]} */
    const rows = await (await database()).getAll(STORE);
    return rows.sort((one, other) => one.startedAt - other.startedAt || one.index - other.index);
  } catch {
    return [];
  }
}

/**
 * Follows a job while no other tab does.
 * @param {string} key
 * @param {() => Promise<void>} follow
 */
export async function alone(key, follow) {
  if (!navigator.locks) return follow();
  await navigator.locks.request(`darkroom-job-${key}`, follow);
}
