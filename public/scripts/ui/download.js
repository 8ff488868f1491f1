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
 * @param {number} [longest]  side, in pixels: a larger picture is made smaller
 * @returns {Promise<Blob>}
 */
export async function redrawn(blob, type = "image/png", longest = Infinity) {
  const bitmap = await createImageBitmap(blob);
  const canvas = document.createElement("canvas");
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((drawn) => (drawn ? resolve(drawn) : reject(new Error("no picture came of it"))), type, 0.95);
  });
}
