/** What may be painted: twelve prompts, of words/*.json, each with a picture that local/examples.py draws. */

import examples from "../../words/examples.json" with { type: "json" };
import { templates } from "../state/catalog.js";
import { wordsOf } from "../state/language.js";

export const EXAMPLES = /** @type {Example[]} */ (examples);

/** @param {Example} example */
export const promptOf = ({ id }) => wordsOf("examples")[id];

/** @param {Example} example */
export const addressOf = ({ id }) => `examples/${id}.webp`;

/** @param {string} [known]  what is not to come again */
export function anyExample(known) {
  const others = EXAMPLES.filter((example) => promptOf(example) !== known);
  return others[Math.floor(Math.random() * others.length)];
}

/**
 * Writes an example's prompt, style and shape; the model stays the reader's, and no seed is left behind.
 * @param {Draft} draft
 * @param {Example} example
 */
export function fillIn(draft, example) {
  const template = templates.value.find(({ name }) => name === example.style);
  draft.prompt.value = promptOf(example);
  draft.style.value = template ? { name: template.name, text: template.system_prompt } : null;
  draft.wish({ ratio: example.ratio, size: undefined });
}
