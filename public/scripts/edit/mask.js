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
  const { data } = pixelsOf(strokes, extent, Math.min(1, COUNTED / Math.max(extent.width, extent.height)));
  let painted = 0;
  for (let alpha = 3; alpha < data.length; alpha += 4) painted += data[alpha] < 128 ? 0 : 1;
  return painted / data.length * 400;
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

/** @param {Stroke[]} strokes @param {Extent} extent @param {number} scale */
function pixelsOf(strokes, { width, height }, scale) {
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.setTransform(canvas.width / width, 0, 0, canvas.height / height, 0, 0);
  context.lineJoin = "round";
  for (const stroke of strokes) paint(context, stroke);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
