/** What the gateway can do, and for whom. */

import { GatewayFailure } from "./failure.js";
import { sendForJson } from "./send.js";

/** @returns {Promise<Model[]>} images, pools and texts */
export const listModels = () => listOf("/v1/models", "data");

/**
 * @param {string | null} authorization  whose tokens and allowances are told
 * @param {string} [check]  the prefix of keys that are to be shown to their provider
 * @returns {Promise<Provider[]>}
 */
export const listProviders = (authorization, check) => listOf(`/v1/providers${check ? `?check=${check}` : ""}`, "data", authorization);

/** @returns {Promise<Template[]>} */
export const listTemplates = () => listOf("/api/templates", "templates");

/** @returns {Promise<Health>} */
export const readHealth = () => sendForJson("/health");

/**
 * @param {string} path
 * @param {string} name  of the list in the answer
 * @param {string | null} [authorization]
 */
async function listOf(path, name, authorization) {
  const body = await sendForJson(path, { authorization });
  if (!Array.isArray(body?.[name])) throw new GatewayFailure({ reason: "unreadable" });
  return body[name];
}
