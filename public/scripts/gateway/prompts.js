/** Text models that better a prompt, or put it into another language. */

import { sendForJson } from "./send.js";

/**
 * @typedef {object} Wish
 * @property {string} prompt
 * @property {string} [model]  of text; without it the gateway's default
 * @property {string} [language]  what to write in
 * @property {string} [instruction]  what the model is told, instead of the gateway's own words
 *
 * @typedef {{prompt: string, model: string, provider: string}} Written
 *
 * @typedef {{authorization: string | null, signal?: AbortSignal}} Options
 */

/**
 * @param {Wish} wish
 * @param {Options} options
 * @returns {Promise<Written>}
 */
export const enhance = (wish, options) => sendForJson("/v1/prompts/enhance", { json: wish, ...options });

/**
 * @param {Wish} wish
 * @param {Options} options
 * @returns {Promise<Written>}
 */
export const translate = (wish, options) => sendForJson("/v1/prompts/translate", { json: wish, ...options });
