/** Gateway keys that are handed out, as an administrator's key may manage them. */

import { GatewayFailure } from "./failure.js";
import { sendForJson } from "./send.js";

const PATH = "/v1/admin/keys";

/**
 * @param {string} authorization
 * @returns {Promise<IssuedKey[]>}
 */
export async function listIssued(authorization) {
  const { data } = await sendForJson(PATH, { authorization });
  if (!Array.isArray(data)) throw new GatewayFailure({ reason: "unreadable" });
  return data;
}

/**
 * @param {string} authorization
 * @param {{name: string, images_per_day: number | null}} json
 * @returns {Promise<IssuedKey>} with its text, this once
 */
export const makeKey = (authorization, json) => sendForJson(PATH, { authorization, json });

/** @param {string} authorization @param {string} id */
export const endKey = (authorization, id) => sendForJson(`${PATH}/${encodeURIComponent(id)}`, { method: "DELETE", authorization });

/**
 * How many pictures each key had painted in the last thirty days.
 * @param {string} authorization
 * @returns {Promise<Map<string, number>>}
 */
export async function countImages(authorization) {
  const { data } = await sendForJson("/v1/usage", { authorization });
  const counts = new Map();
  for (const { key, images } of data) counts.set(key, (counts.get(key) ?? 0) + images);
  return counts;
}
