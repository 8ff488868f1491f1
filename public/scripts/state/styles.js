/** The names of styles in the language of the page, where they were translated; else as the gateway has them. */

import { effect, signal } from "../ui/html.js";
import { templates } from "./catalog.js";
import { language, LANGUAGES } from "./language.js";

/** @typedef {{categories: Record<string, string>, styles: Record<string, string[]>}} Names */

/** @type {Names} */
const NONE = { categories: {}, styles: {} };

/** @type {Signal<Names>} */
const names = signal(NONE);

effect(() => {
  const spoken = language.value;
  if (!templates.value.length) return;
  if (!LANGUAGES[spoken].styles) names.value = NONE;
  else void load(spoken).catch(() => {}); // then they stay as they are
});

/** @param {Language} spoken */
async function load(spoken) {
  const loaded = (await import(`../../words/styles.${spoken}.json`, { with: { type: "json" } })).default;
  if (language.value === spoken) names.value = loaded;
}

/** @param {Template} template @returns {{label: string, about: string}} */
export function describeStyle({ name, description }) {
  const [label = readable(name), about = description] = names.value.styles[name] ?? [];
  return { label, about };
}

/** @param {string} name */
export const categoryOf = (name) => names.value.categories[name] ?? readable(name);

/**
 * Whether all that was sought is somewhere in a style's names, of either language.
 * @param {Template} template
 * @param {string} sought
 */
export function isStyle(template, sought) {
  const { label, about } = describeStyle(template);
  const text = [template.name, template.category, categoryOf(template.category), template.description, label, about].join(" ").toLowerCase();
  return sought.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** @param {string} name  "clay_studio" */
function readable(name) {
  const title = name.replaceAll("_", " ");
  return title.charAt(0).toUpperCase() + title.slice(1);
}
