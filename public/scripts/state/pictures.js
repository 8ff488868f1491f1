/** Pictures as the browser holds them. */

/** What a picture may be. Anything else is called PNG: a Blob must never become HTML or SVG. */
const MEDIA_TYPES = { png: "image/png", jpeg: "image/jpeg", webp: "image/webp", gif: "image/gif", avif: "image/avif" };

/**
 * @param {PreviewEvent | CompletedEvent} event
 * @returns {Promise<Opened>} decoded, so that showing it neither flashes nor shifts anything
 * @throws {DOMException} where it is no picture
 */
export async function openPicture(event) {
  const blob = blobOf(event.b64_json, event.output_format);
  const { url, width, height } = await openBlob(blob);
  const served = event.kind === "completed" ? event : null;
  return {
    blob,
    url,
    width,
    height,
    seed: served?.seed ?? null,
    model: served?.model ?? null,
    provider: served?.provider ?? null,
    requestId: event.requestId,
  };
}

/**
 * @param {Blob} blob
 * @returns {Promise<{url: string, width: number, height: number}>}
 * @throws {DOMException}
 */
export async function openBlob(blob) {
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  try {
    await image.decode();
  } catch (error) {
    URL.revokeObjectURL(image.src);
    throw error;
  }
  return { url: image.src, width: image.naturalWidth, height: image.naturalHeight };
}

/**
 * @param {string} base64
 * @param {string} [format]  "png", "jpeg", …
 */
export function blobOf(base64, format = "png") {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const type = MEDIA_TYPES[/** @type {keyof typeof MEDIA_TYPES} */ (format)] ?? MEDIA_TYPES.png;
  return new Blob([bytes], { type });
}

/**
 * @param {Blob} blob
 * @param {number} longest  side, in pixels
 * @returns {Promise<Blob>} a smaller picture of the same shape, as WebP or else PNG
 */
export async function thumbnailOf(blob, longest) {
  const bitmap = await createImageBitmap(blob);
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((small) => (small ? resolve(small) : reject(new Error("no thumbnail"))), "image/webp", 0.8);
  });
}

/**
 * @param {{model: string | null, seed: number | null, blob: Blob}} picture
 * @returns {string} "darkroom-z-image-turbo-1234.png"
 */
export function fileNameOf({ model, seed, blob }) {
  const parts = ["darkroom", model?.split("/").pop(), seed].filter((word) => word !== null && word !== undefined);
  const subtype = blob.type.split("/")[1] ?? "png";
  return `${parts.join("-").replace(/[^\w.-]+/g, "-")}.${subtype === "jpeg" ? "jpg" : subtype}`;
}

/**
 * Cut between characters, not inside one: an emoji is two UTF-16 units.
 * @param {string} text
 * @param {number} [most]  characters
 */
export function shorten(text, most = 250) {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, "").trimEnd()}…`;
}
