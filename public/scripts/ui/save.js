/** A picture for the reader's disk, with its parameters in the file. */

import { fileNameOf } from "../state/pictures.js";
import { download } from "./download.js";

/**
 * @param {Pick<Past, "order" | "model" | "seed" | "width" | "height"> & {blob: Blob}} picture
 * @param {Event} [event]  of a link that leads to the plain file
 */
export async function save(picture, event) {
  event?.preventDefault();
  const { withParameters } = await import("../files/with-parameters.js");
  download(await withParameters(picture), fileNameOf(picture));
}
