/** What a person asks for, and the request that says it to the gateway. */

/**
 * @typedef {object} Order  all that another try needs; `images` and `mask` are left out where it is kept
 * @property {"generate" | "edit" | "upscale"} operation
 * @property {string} model
 * @property {string} prompt  the person's own words
 * @property {Style | null} [style]
 * @property {Record<string, string | number | boolean>} parameters  in the gateway's names: size, seed, n, …
 * @property {Blob[]} [images]
 * @property {Blob | null} [mask]
 *
 * @typedef {{name: string, text: string}} Style  whose words go with the prompt
 *
 * @typedef {object} ImageRequest
 * @property {string} path
 * @property {Record<string, string | number | boolean>} fields
 * @property {Attached[]} files  where there are any, the request is a form
 *
 * @typedef {{name: string, file: Blob, filename: string}} Attached
 */

/**
 * @param {Order} order
 * @returns {ImageRequest} without `stream`, which only this page's own sending needs
 */
export function requestOf({ operation, model, prompt, style, parameters, images = [], mask }) {
  const words = [prompt, style?.text].filter(Boolean).join("\n\n");
  const fields = { model, ...(words ? { prompt: words } : {}), ...parameters };
  if (operation === "generate" && images.length === 0) return { path: "/v1/images/generations", fields, files: [] };
  const name = images.length > 1 ? "image[]" : "image";
  const files = images.map((file, at) => ({ name, file, filename: `picture-${at + 1}.${extensionOf(file)}` }));
  if (mask) files.push({ name: "mask", file: mask, filename: "mask.png" });
  return { path: "/v1/images/edits", fields, files };
}

/** @param {Blob} file */
function extensionOf({ type }) {
  const subtype = type.split("/")[1] ?? "png";
  return subtype === "jpeg" ? "jpg" : subtype.replace(/\W.*/, "");
}
