/** In which order the layers of a picture lie, which of them are seen, and how much shines through. */

import { signal } from "../ui/html.js";

/** @typedef {{at: number, on: boolean, opacity: number}} Placed  at: which layer; opacity: 0 to 1 */

/** @type {WeakMap<Job, Signal<Placed[]>>} from the back to the front, as long as their job is known */
const known = new WeakMap();

/** @param {Job} job */
export function arrangementOf(job) {
  const placed = known.get(job) ?? signal(/** @type {Placed[]} */ ([]));
  known.set(job, placed);
  const [there, come] = [placed.peek(), job.pictures.length]; // they come one after the other
  if (there.length < come) placed.value = [...there, ...Array.from({ length: come - there.length }, (_, more) => ({ at: there.length + more, on: true, opacity: 1 }))];
  return placed;
}

/**
 * @param {Placed[]} placed
 * @param {number} from
 * @param {number} to
 */
export function moved(placed, from, to) {
  if (to < 0 || to >= placed.length) return placed;
  return placed.toSpliced(from, 1).toSpliced(to, 0, placed[from]);
}

/**
 * What is seen, as one picture.
 * @param {{now: Picture, on: boolean, opacity: number}[]} layers  from the back to the front
 * @returns {Promise<Blob>} a PNG
 */
export async function flattened(layers) {
  const { width, height } = layers[0].now;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (!context) throw new TypeError("no canvas");
  for (const { now, on, opacity } of layers) {
    if (!on) continue;
    const bitmap = await createImageBitmap(now.blob);
    context.globalAlpha = opacity;
    context.drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
  }
  return canvas.convertToBlob();
}
