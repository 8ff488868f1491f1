/** A picture's file with its parameters in it, so that it tells everywhere what it came of. */

import { isOneRequest } from "../gateway/orders.js";
import { withComment } from "./exif.js";
import { infotextOf } from "./infotext.js";
import { readTexts, withText } from "./png-text.js";

/**
 * @param {Pick<Past, "order" | "model" | "seed" | "width" | "height"> & {blob: Blob}} picture
 * @returns {Promise<Blob>} PNG, JPEG and WebP carry them; any other file, and a layer, is as it was
 */
export async function withParameters(picture) {
  const { blob, order } = picture;
  if (!isOneRequest(order)) return blob;
  const text = infotextOf(picture);
  if (blob.type !== "image/png") return withComment(blob, text, picture);
  return "parameters" in await readTexts(blob) ? blob : withText(blob, "parameters", text);
}
