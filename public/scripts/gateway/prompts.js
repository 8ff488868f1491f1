/** Text models that better a prompt, or put it into another language. */

import { sendForJson } from "./send.js";

/**
 * @param {"enhance" | "translate"} kind
 * @param {WritingWish} wish
 * @param {Sending} sending
 * @returns {Promise<Written>}
 */
export const rewrite = (kind, wish, sending) => sendForJson(`/v1/prompts/${kind}`, { json: wish, ...sending });
