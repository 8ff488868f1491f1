/** Pages of single pictures, which the gateway keeps for a time where its operator allows it. */

import { fileNameOf } from "../state/pictures.js";
import { sendForJson } from "./send.js";

/** @typedef {{url: string, expires_at: number, key: string}} Shared  `expires_at` in seconds since 1970; `key` ends it */

const TOLD = ["negative_prompt", "steps", "guidance_scale"];

/**
 * @param {Picture | Kept} picture
 * @param {string | null} authorization
 * @returns {Promise<Shared>}
 */
export function share(picture, authorization) {
  const { blob, order, seed, model } = picture;
  const form = new FormData();
  form.append("image", blob, fileNameOf(picture));
  const facts = { prompt: order.prompt, model: model ?? order.model, seed, ...Object.fromEntries(TOLD.map((name) => [name, order.parameters[name]])) };
  for (const [name, value] of Object.entries(facts)) if (value !== undefined && value !== null && value !== "") form.append(name, String(value));
  return sendForJson("/v1/shares", { form, authorization });
}

/** Ends what was shared. @param {Shared} shared */
export const unshare = ({ key }) => sendForJson(`/v1/shares/${key}`, { method: "DELETE" });
