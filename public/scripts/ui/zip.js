/** Several files as one. */

import { downloadZip } from "../../vendor/client-zip.js";

/**
 * @param {{name: string, input: Blob | string}[]} files
 * @returns {Promise<Blob>}
 */
export const zipOf = async (files) => downloadZip(files).blob();
