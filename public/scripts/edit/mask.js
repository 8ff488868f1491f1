/** A mask made of strokes: how they are painted, how much they cover, and the file that is sent. */

/** The longer side of the copy on which is counted what is painted. */
const COUNTED = 512;

/** @param {any} context  of a canvas  @param {Stroke} stroke */
export function paint(context, { points, fill, ...style }) {
  Object.assign(context, style);
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  if (fill) context.fill();
  else context.stroke();
}

/**
 * @param {Stroke[]} strokes
 * @param {Extent} extent
 * @returns {number} percent of the picture
 */
export function shareOf(strokes, extent) {
  const scale = Math.min(1, COUNTED / Math.max(extent.width, extent.height));
  const { data, width } = pixelsOf(strokes, extent, scale);
  let painted = 0;
  for (let alpha = 3; alpha < data.length; alpha += 4) painted += data[alpha] < 128 ? 0 : 1;
  if (painted > 0) return painted / data.length * 400;
  let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
  for (let alpha = 3; alpha < data.length; alpha += 4) {
    if (data[alpha] === 0) continue;
    const [x, y] = [(alpha >> 2) % width, Math.floor((alpha >> 2) / width)];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
  }
  if (right < 0) return 0;
  // Too little for the copy: that part alone is looked at in full.
  const [from, upper, to, lower] = [left, top, right + 1, bottom + 1].map((place) => Math.round(place / scale));
  const part = pixelsOf(strokes, extent, 1, [from, upper, to - from, lower - upper]).data;
  for (let at = 3; at < part.length; at += 4) painted += part[at] < 128 ? 0 : 1;
  return painted / (extent.width * extent.height) * 100;
}

/**
 * @param {Painting} painting
 * @param {Extent} extent
 * @returns {Promise<Blob | null>} a PNG of the picture's size, transparent where it may change; null where nothing is painted
 */
export async function fileOf({ strokes, at }, extent) {
  if (at === 0) return null;
  const pixels = pixelsOf(strokes.slice(0, at), extent, 1);
  let painted = false;
  for (let alpha = 3; alpha < pixels.data.length; alpha += 4) {
    painted ||= pixels.data[alpha] >= 128;
    pixels.data[alpha] = pixels.data[alpha] < 128 ? 255 : 0;
  }
  const file = new OffscreenCanvas(extent.width, extent.height);
  file.getContext("2d")?.putImageData(pixels, 0, 0);
  return painted ? file.convertToBlob() : null;
}

/** @param {Stroke[]} strokes @param {Extent} extent @param {number} scale @param {number[]} [part]  left, top, width and height of it, scaled */
function pixelsOf(strokes, { width, height }, scale, part) {
  const [wide, high] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const [left, top, across, down] = part ?? [0, 0, wide, high];
  const canvas = new OffscreenCanvas(across, down);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.setTransform(wide / width, 0, 0, high / height, -left, -top);
  context.lineJoin = "round";
  for (const stroke of strokes) paint(context, stroke);
  return context.getImageData(0, 0, across, down);
}
