/** What the gateway remembers of somebody's pictures: it tells callers apart by the header that they send. */

import { sendForJson } from "./send.js";

const PATH = "/api/history";

/** @param {string} authorization  @returns {Shelf} */
export const historyOf = (authorization) => ({
  async list({ rows, as_of }) {
    const within = as_of === undefined ? "" : `&as_of=${as_of}`; // what was painted since does not shift the pages
    const page = await sendForJson(`${PATH}?inline=0&limit=60&offset=${rows.length}${within}`, { authorization });
    return { ...page, rows: [...rows, ...page.history.map(pastOf)] };
  },
  async remove(...rows) {
    for (const { id } of rows) await sendForJson(`${PATH}/0?inline=0&id=${id}`, { method: "DELETE", authorization });
  },
  clear: () => sendForJson(PATH, { method: "DELETE", authorization }),
});

/** @param {any} item  @returns {Past} */
function pastOf({ prompt, operation, timestamp, gen_time, image_url, steps, guidance_scale, negative_prompt, ...facts }) {
  const parameters = { size: `${facts.width}x${facts.height}`, steps, guidance_scale, negative_prompt };
  const known = Object.fromEntries(Object.entries(parameters).filter(([, value]) => value));
  const order = { operation, model: facts.model, prompt, parameters: known };
  return { ...facts, order, createdAt: timestamp * 1000, elapsedS: gen_time, url: image_url ?? "", requestId: null };
}
