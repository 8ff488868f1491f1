/** Layers, by the studio's routes: they take a picture as data URL, and tell nothing until they are done. */

import { send, sendForJson } from "./send.js";

/**
 * Takes a picture apart, from the back to the front, or changes one layer.
 * @param {Order} order
 * @param {Sending} sending
 * @returns {AsyncGenerator<CompletedEvent, void>}
 */
export async function* paintLayers({ operation, model, prompt, parameters, images: [picture] = [] }, sending) {
  const url = await dataUrlOf(picture);
  const [wish, post] = operation === "decompose" ? [{ prompt, image: url }, sendForJson] : [{ instruction: prompt, layer_image: url }, sendForLayer];
  const { layers, seed } = await post(`/api/qwen-image/${operation}`, { json: { ...parameters, model, ...wish }, ...sending });
  for (const [image_index, { image }] of layers.entries()) {
    yield { kind: "completed", image_index, b64_json: image.split(",")[1], seed, model, requestId: null };
  }
}

/** @param {string} path @param {Sending} sending */
async function sendForLayer(path, sending) {
  const answer = await send(path, sending);
  return { layers: [{ image: await dataUrlOf(await answer.blob()) }], seed: Number(answer.headers.get("x-seed")) };
}

/** @param {Blob} blob @returns {Promise<string>} */
export function dataUrlOf(blob) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.readAsDataURL(blob);
  });
}
