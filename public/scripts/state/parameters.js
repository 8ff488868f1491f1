/** Which of a reader's wishes a model can fulfil, and in which sizes it paints. */

import { sizeLike, TIERS } from "./picture-size.js";

/** What is offered where a model paints any size. */
const RATIOS = ["1:1", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16", "21:9"];

export const MOST_PICTURES = 4;

/** @returns {number} 2³¹ - 1 at most */
export const rollSeed = () => crypto.getRandomValues(new Uint32Array(1))[0] >>> 1;

/**
 * @param {Model} model
 * @param {Wishes} wishes
 * @param {Extent | null} [extent]  of the picture that is worked on: without another wish, what comes of it is like it
 * @returns {Record<string, string | number | boolean>} what is sent: only fields that the model has, in its range
 */
export function parametersFor(model, wishes, extent) {
  const { capabilities } = model;
  /** @type {Record<string, string | number | boolean>} */
  const sent = {};
  /** @param {string} name @param {string | number | boolean | undefined} value */
  const put = (name, value) => {
    if (value !== undefined && value !== "") sent[name] = value;
  };
  Object.assign(sent, extent && !wishes.ratio && !wishes.size
    ? sizeLike(capabilities?.size, extent, tiersOf(model).find((tier) => tier === wishes.tier))
    : sizeFields(model, wishes));
  if (wishes.n !== undefined && Number(wishes.n) > 1) put("n", Number(wishes.n));
  if (!capabilities) {
    put("seed", wishes.seed);
    put("output_format", wishes.output_format);
    return sent;
  }
  if (capabilities.seed) put("seed", wishes.seed);
  if (capabilities.negative_prompt) put("negative_prompt", wishes.negative_prompt);
  if (capabilities.prompt_enhance) put("prompt_enhance", wishes.prompt_enhance);
  put("steps", within(capabilities.steps, wishes.steps));
  put("guidance_scale", within(capabilities.guidance_scale, wishes.guidance_scale));
  put("output_format", wishes.output_format);
  for (const [name, values] of Object.entries(capabilities.options)) {
    if (values?.includes(String(wishes[name]))) put(name, wishes[name]);
  }
  return sent;
}

/**
 * The wishes that led to what was sent.
 * @param {Record<string, string | number | boolean>} parameters
 * @returns {Wishes}
 */
export function wishesOf({ aspect_ratio: ratio, ...parameters }) {
  return ratio === undefined ? parameters : { ...parameters, ratio, tier: parameters.size, size: undefined };
}

/**
 * @param {Model} model
 * @param {Wishes} wishes
 * @returns {Record<string, string>}
 */
function sizeFields(model, { ratio, tier, size }) {
  const sizes = model.capabilities?.size;
  if (sizes?.policy === "tier" && (ratio || tier)) {
    /** @type {Record<string, string>} */
    const fields = {};
    if (tier && sizes.tiers?.includes(String(tier))) fields.size = String(tier);
    if (ratio && sizes.ratios?.[String(ratio)]) fields.aspect_ratio = String(ratio);
    return fields;
  }
  if (ratio) {
    const shape = shapesOf(model, tier ? String(tier) : undefined).find((known) => known.ratio === ratio);
    if (shape) return { size: shape.size };
  }
  return size ? { size: String(size) } : {};
}

/**
 * The shapes that a model paints, each with its size in pixels.
 * @param {Model} model
 * @param {string} [tier]  where it paints several sizes of each
 * @returns {Shape[]}
 */
export function shapesOf(model, tier) {
  const sizes = model.capabilities?.size;
  if (!sizes || sizes.policy === "free") return freeShapes(sizes, tier);
  if (sizes.policy === "list") {
    const listed = (sizes.sizes ?? []).map((size) => ({ ratio: nearestRatio(size), size }));
    return listed.map((shape, at) => (listed.findIndex(({ ratio }) => ratio === shape.ratio) === at ? shape : { ...shape, ratio: shape.size }));
  }
  return Object.entries(sizes.ratios ?? {}).map(([ratio, size]) => ({ ratio, size: enlarged(size, tier) }));
}

/**
 * The classes of size among which a reader may choose; none where there is but one.
 * @param {Model} model
 * @returns {string[]}
 */
export function tiersOf(model) {
  const sizes = model.capabilities?.size;
  if (sizes?.policy === "tier") return sizes.tiers ?? [];
  if (sizes?.policy !== "free") return [];
  const most = Math.min((sizes.maximum ?? 1024) ** 2, sizes.max_pixels ?? Infinity);
  const fitting = Object.entries(TIERS).filter(([, side]) => side >= (sizes.minimum ?? 256) && side ** 2 <= most);
  return fitting.length > 1 ? fitting.map(([name]) => name) : [];
}

/**
 * @param {Sizes | undefined} sizes  undefined for a pool: any will do
 * @param {string} [tier]
 * @returns {Shape[]}
 */
function freeShapes(sizes, tier) {
  const { minimum = 256, maximum = 2048, multiple = 64, max_pixels: most = Infinity, max_ratio: longest = 8 } = sizes ?? {};
  const wanted = TIERS[tier ?? ""] ?? sideOf(sizes?.default);
  const square = Math.min(wanted, Math.sqrt(most));
  /** @param {number} pixels */
  const rounded = (pixels) => Math.max(minimum, Math.floor(pixels / multiple + 0.5) * multiple);
  return RATIOS.flatMap((ratio) => {
    const quotient = valueOf(ratio);
    const stretch = Math.sqrt(Math.max(quotient, 1 / quotient));
    if (stretch ** 2 > longest) return [];
    const side = Math.min(square, maximum / stretch); // smaller rather than of another shape
    return [{ ratio, size: `${rounded(side * Math.sqrt(quotient))}x${rounded(side / Math.sqrt(quotient))}` }];
  });
}

/**
 * @param {string} size
 * @param {string} [tier]
 */
function enlarged(size, tier) {
  const factor = (TIERS[tier ?? "1K"] ?? 1024) / 1024;
  return size.split("x").map((side) => Number(side) * factor).join("x");
}

/** @param {string} [size] */
function sideOf(size) {
  const [width, height] = (size ?? "").split("x").map(Number);
  return width && height ? Math.sqrt(width * height) : 1024;
}

/** @param {string} size */
function nearestRatio(size) {
  const [width, height] = size.split("x").map(Number);
  /** @param {string} ratio */
  const distance = (ratio) => Math.abs(Math.log(valueOf(ratio) / (width / height)));
  return RATIOS.reduce((best, ratio) => (distance(ratio) < distance(best) ? ratio : best));
}

/** @param {string} ratio */
function valueOf(ratio) {
  const [width, height] = ratio.split(":").map(Number);
  return width / height;
}

/**
 * @param {Range | null} range
 * @param {string | number | boolean | undefined} value
 */
function within(range, value) {
  if (!range || value === undefined || value === "" || !Number.isFinite(Number(value))) return undefined;
  return Math.min(range.maximum, Math.max(range.minimum, Number(value)));
}
