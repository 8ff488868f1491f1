/** What a person asks for, and the request that says it to the gateway. */

/** Whether an order is one request for pictures: layers are ordered elsewhere. @param {Order} order */
export const isOneRequest = ({ operation }) => ["generate", "edit", "upscale"].includes(operation);

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
