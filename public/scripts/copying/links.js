/** Links to what was asked for: in the hash, which no server is sent, and never with a key. */

import { linked, settle, view } from "../app/views.js";
import { templates } from "../state/catalog.js";
import { signal, useSignalEffect } from "../ui/html.js";

/** What a link may say, beside a style's name, and in which form. All else in it is passed over. */
const SAYABLE = {
  prompt: /^[^]{1,32000}$/,
  model: /^[\w./:-]{1,200}$/,
  negative_prompt: /^[^]{1,4000}$/,
  size: /^(\d+[x:]\d+|\dK|512|auto)$/,
  aspect_ratio: /^\d+:\d+$/,
  output_format: /^(png|jpeg|webp)$/,
  quality: /^\w+$/,
  background: /^\w+$/,
  seed: /^\d{1,10}$/,
  n: /^[1-4]$/,
  steps: /^\d{1,4}$/,
  guidance_scale: /^\d{1,3}(\.\d+)?$/,
};

const MOST_SEED = 2147483647;

/** @type {Signal<string | null>} the style that a link named, until its words are there */
const wanted = signal(null);

/** @param {Order} order  @param {number | null} seed  that was really used */
export function linkTo({ model, prompt, style, parameters }, seed) {
  const known = { ...parameters, model, prompt, ...(seed === null ? {} : { seed }) };
  const query = new URLSearchParams(Object.entries(known).filter(([name]) => name in SAYABLE).map(([name, value]) => [name, String(value)]));
  if (style) query.set("style", style.name);
  return `${location.origin}${location.pathname}#create?${query}`;
}

/**
 * @param {{get(name: string): string | null | undefined}} said  by whomever
 * @returns {Pick<Order, "prompt" | "model" | "parameters">} what of it is in the form that it should have
 */
export function readLink(said) {
  const known = Object.entries(SAYABLE).filter(([name, form]) => form.test(said.get(name) ?? "")).map(([name]) => [name, said.get(name)]);
  const { prompt = "", model = "", ...parameters } = Object.fromEntries(known);
  for (const name of ["seed", "n", "steps", "guidance_scale"]) if (name in parameters) parameters[name] = Number(parameters[name]);
  if (parameters.seed > MOST_SEED) delete parameters.seed;
  return { prompt, model, parameters };
}

/** Has a link to this view become what is written there. @param {Draft} draft */
export function useLink(draft) {
  useSignalEffect(() => {
    const said = linked.value;
    if (view.value !== draft.view || said.size === 0) return;
    const { prompt, model, parameters } = readLink(said);
    draft.reuse({ prompt, model, parameters });
    wanted.value = said.get("style");
    settle();
  });
  useSignalEffect(() => {
    const template = templates.value.find(({ name }) => name === wanted.value);
    if (template) draft.style.value = { name: template.name, text: template.system_prompt };
  });
}
