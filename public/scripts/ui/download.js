/** Files for the reader's disk and clipboard. */

/**
 * @param {Blob} blob
 * @param {string} name
 */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has begun to read it by the next turn; a while longer does no harm.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * @param {Blob} blob  a picture of any format: clipboards take PNG
 * @returns {Promise<void>}
 */
export async function copyPicture(blob) {
  const png = blob.type === "image/png" ? blob : redrawn(blob);
  await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
}

/**
 * The same upright, without what a camera noted.
 * @param {Blob} blob
 * @param {string} [type]
 * @returns {Promise<Blob>}
 */
export async function redrawn(blob, type = "image/png") {
  const bitmap = await createImageBitmap(blob);
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((drawn) => (drawn ? resolve(drawn) : reject(new Error("no picture came of it"))), type, 0.95);
  });
}
