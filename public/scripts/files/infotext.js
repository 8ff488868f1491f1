/** A picture's parameters as AUTOMATIC1111 writes them into files, and as ComfyUI does. What is read is hostile. */

import { readLink } from "../copying/links.js";

const MOST_LETTERS = 200_000;
const MOST_LINKS = 8;
const NAMES = { Steps: "steps", "CFG scale": "guidance_scale", Seed: "seed", Size: "size" };

/**
 * @param {Pick<Past, "order" | "model" | "seed" | "width" | "height">} picture
 * @returns {string} what it shows, what it should not, and a line of facts
 */
export function infotextOf({ order, model, seed, width, height }) {
  const { steps, guidance_scale: guidance, negative_prompt: negative } = order.parameters;
  const facts = { Steps: steps, "CFG scale": guidance, Seed: seed, Size: `${width}x${height}`, Model: model ?? order.model, Generator: "Darkroom" };
  const known = Object.entries(facts).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const line = known.map(([name, value]) => `${name}: ${/[,:\n"]/.test(String(value)) ? JSON.stringify(value) : value}`).join(", ");
  return [[order.prompt, order.style?.text].filter(Boolean).join("\n\n"), ...(negative ? [`Negative prompt: ${negative}`] : []), line].join("\n");
}

/**
 * @param {Record<string, string>} texts  of a file
 * @returns {Pick<Order, "prompt" | "model" | "parameters">} nothing but what a link may say
 */
export function parametersIn({ parameters = "", prompt = "" }) {
  return readLink(new Map(Object.entries(parameters ? fromLines(parameters.slice(0, MOST_LETTERS)) : fromGraph(prompt))));
}

/** @param {string} text */
function fromLines(text) {
  const lines = text.trim().split("\n");
  const facts = lines.at(-1) ?? "";
  /** @type {Record<string, string>} */
  const known = Object.create(null);
  if (/(^|, )(Steps|Seed|Size): /.test(facts)) {
    lines.pop();
    for (const [, name, quoted, plain] of facts.slice(0, 16_000).matchAll(/(?<=^|, )([A-Z][\w ]{0,30}): (?:"([^"\\]{0,500})"|([^,"]{0,500}))/g)) {
      const field = NAMES[/** @type {keyof typeof NAMES} */ (name)];
      if (field) known[field] = (quoted ?? plain).trim();
      if (name === "Model") known.model = (quoted ?? plain).trim();
    }
  }
  const [prompt, ...negative] = lines.join("\n").split(/^Negative prompt:/m);
  return { ...known, prompt: prompt.trim(), negative_prompt: negative.join("").trim() };
}

/** Of ComfyUI: the first sampler, and what leads to it. @param {string} text @returns {Record<string, string>} */
function fromGraph(text) {
  /** @type {Record<string, any>} */
  let nodes;
  try {
    nodes = text.length <= MOST_LETTERS * 5 ? JSON.parse(text) : {};
  } catch {
    return {};
  }
  if (typeof nodes !== "object" || nodes === null) return {};
  /** What a link of an input leads to: the first of its own inputs that is said. @param {unknown} link @param {string[]} names @returns {string} */
  const along = (link, names) => {
    for (let step = 0; step < MOST_LINKS && Array.isArray(link); step += 1) {
      const inputs = inputsOf(nodes[String(link[0])]);
      const said = names.map((name) => inputs[name]).find((value) => typeof value === "string" && value);
      if (said) return String(said);
      link = [...names, "conditioning", "model"].map((name) => inputs[name]).find(Array.isArray);
    }
    return "";
  };
  const sampler = Object.values(nodes).slice(0, 5000).find((node) => Array.isArray(inputsOf(node).positive) && "steps" in inputsOf(node));
  const { seed, noise_seed, steps, cfg, positive, negative, model } = inputsOf(sampler);
  const words = ["text", "text_g", "text_l", "prompt"];
  const known = { seed: seed ?? noise_seed, steps, guidance_scale: cfg, prompt: along(positive, words), negative_prompt: along(negative, words), model: along(model, ["ckpt_name", "unet_name"]) };
  return Object.fromEntries(Object.entries(known).filter(([, value]) => ["string", "number"].includes(typeof value)).map(([name, value]) => [name, String(value)]));
}

/** @param {any} node @returns {Record<string, unknown>} */
const inputsOf = (node) => (typeof node?.inputs === "object" && node.inputs !== null ? node.inputs : {});
