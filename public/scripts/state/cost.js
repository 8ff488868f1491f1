/** The prices of pictures, and what of them is free, as far as they are known before. */

import { listProviders } from "../gateway/catalog.js";
import { signal } from "../ui/html.js";
import { accessTo, providers } from "./catalog.js";
import { authorizationFor, keys } from "./keys.js";
import { fill, wordsOf } from "./language.js";

/** Whose keys have GPU time, which is asked for. */
const HUGGING_FACE = "hf";

/** @type {Signal<Provider[]>} with the GPU time that is left to the reader's keys */
const timed = signal([]);
let asked = "";

/** Asks how much GPU time is left to the reader's keys, once for each list of them. */
export async function learnQuota() {
  const list = keys.value[HUGGING_FACE] ?? "";
  if (list === asked) return;
  asked = list;
  timed.value = list ? await listProviders(authorizationFor([HUGGING_FACE])).catch(() => []) : [];
}

/**
 * The price of all pictures that are asked for.
 * @param {Model} model
 * @param {Record<string, Value>} parameters  what is sent
 * @param {number} sources  pictures that are worked on
 * @returns {string} "" where it is not known
 */
export function priceOf(model, parameters, sources) {
  const { price, capabilities } = model;
  if (!price || !capabilities) return "";
  const { size = capabilities.size.default, steps = capabilities.steps?.default ?? 1, n = 1 } = parameters;
  const { tile_side: side, tile, step, tile_step: tileStep, source_step: sourceStep } = price.neurons;
  const tiles = String(size).split("x").reduce((all, length) => all * Math.ceil(Number(length) / side), 1);
  const each = tiles * tile + Number(steps) * (step + tiles * tileStep + sources * sourceStep);
  if (!Number.isFinite(each)) return ""; // of a size in words
  if (each === 0) return accessTo(model) === "free" ? "" : wordsOf("form").free; // as is said beside it
  const words = wordsOf("cost");
  return fill(n === 1 ? words.neuronsOne : words.neurons, { count: Math.ceil(Number(n) * each), pictures: Number(n) });
}

/**
 * What is left for nothing at the provider of a model.
 * @param {Model} model
 * @returns {string} "" where there is no limit that is told
 */
export function allowanceOf({ provider: id, token, price }) {
  const words = wordsOf("cost");
  const { a_day: all, left = 0 } = providers.value.find((row) => row.id === id)?.free_neurons ?? {};
  if (all && price && !keys.value[token?.prefix ?? ""]) return fill(words.allowance, { left: Math.floor(left), all });
  const quota = timed.value.find((row) => row.id === id)?.quota?.find(({ gpu_seconds: known }) => known);
  return quota ? fill(words.gpuLeft, { left: Math.round(quota.gpu_seconds_left ?? 0), all: quota.gpu_seconds ?? 0 }) : "";
}
