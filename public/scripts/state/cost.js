/** What a picture costs, as far as it is known before. */

import { fill, wordsOf } from "./language.js";
import { describeSeconds } from "../ui/numbers.js";
import { keys } from "./keys.js";
import { providers } from "./catalog.js";

/**
 * @param {Model} model
 * @returns {string} "" where nothing is known, or it is free without a limit that is told
 */
export function costOf({ provider: id, token, price }) {
  const words = wordsOf("cost");
  const provider = providers.value.find((row) => row.id === id);
  const said = [];
  if (price?.neurons) said.push(fill(words.neurons, { count: Math.ceil(price.neurons) }));
  if (price?.gpu_seconds) said.push(fill(words.gpu, { time: describeSeconds(price.gpu_seconds) }));
  if (price?.usd) said.push(fill(words.usd, { usd: price.usd }));
  const { left, a_day: all } = provider?.free_neurons ?? {};
  if (all && !keys.value[token?.prefix ?? ""]) said.push(fill(words.allowance, { left: Math.floor(left ?? 0), all }));
  const quota = provider?.quota?.find(({ gpu_seconds: known }) => known);
  if (quota) said.push(fill(words.gpuLeft, { left: Math.round(quota.gpu_seconds_left ?? 0), all: quota.gpu_seconds ?? 0 }));
  return said.join(" · ");
}
