/** Text in the browser's storages, which a reader may have switched off or filled up. */

/**
 * @param {Storage} storage
 * @param {string} key
 * @returns {string | null}
 */
export function readText(storage, key) {
  try {
    return storage.getItem(key);
  } catch {
    return null;
  }
}

/**
 * @param {Storage} storage
 * @param {string} key
 * @param {string | null} text  null forgets it
 */
export function writeText(storage, key, text) {
  try {
    if (text === null) storage.removeItem(key);
    else storage.setItem(key, text);
  } catch {
    // Then it lasts as long as the page is open.
  }
}

/**
 * @param {Storage} storage
 * @param {string} key
 * @returns {unknown} undefined where there is nothing, or nothing that can be read
 */
export function readJson(storage, key) {
  try {
    return JSON.parse(readText(storage, key) ?? "");
  } catch {
    return undefined;
  }
}

/**
 * @param {Storage} storage
 * @param {string} key
 * @param {unknown} value
 */
export function writeJson(storage, key, value) {
  writeText(storage, key, JSON.stringify(value));
}
