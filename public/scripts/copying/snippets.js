/** A request as a command or a program that sends it, from templates. The key is left to the environment. */

import snippets from "../../words/snippets.json" with { type: "json" };
import { fill } from "../state/language.js";

/** @type {Record<string, Snippet>} */
export const SNIPPETS = snippets;

/** @param {unknown} value */
const json = (value) => JSON.stringify(value, null, 2);

/** How values are written where JSON is not what is read. @type {Record<string, typeof json>} */
const WRITERS = {
  curl: (value) => `'${(typeof value === "string" ? value : json(value)).replaceAll("'", "'\\''")}'`,
  Python: (value) => json(value).replace(/: t(?=rue,?$)/gm, ": T").replace(/: f(?=alse,?$)/gm, ": F").replaceAll("\n", "\n    "),
};

/** @param {string} language  @param {ImageRequest} request  @param {boolean} keyed  whether it takes a key */
export function snippetOf(language, { path, fields, files }, keyed) {
  const snippet = SNIPPETS[language];
  const write = WRITERS[language] ?? json;
  const all = Object.entries({ ...snippet.needed, ...fields });
  /** @param {string} name */
  const isNamed = (name) => snippet.named?.includes(name) ?? true;
  const rest = all.filter(([name]) => !isNamed(name));
  /** @param {"image" | "mask"} part */
  const attached = (part) => files.filter(({ name }) => name.startsWith(part))
    .map(({ name, filename }) => fill(snippet[part], { name, filename })).join("");
  return fill(files.length > 0 ? snippet.form : snippet.json, {
    origin: location.origin,
    url: write(location.origin + path),
    key: keyed ? snippet.key : snippet.keyless,
    fields: write(fields),
    named: all.filter(([name]) => isNamed(name))
      .map(([name, value]) => fill(snippet.field, { name, value: write(value), text: write(String(value)), pair: write(`${name}=${value}`) })).join(""),
    rest: rest.length > 0 ? fill(snippet.rest ?? "", { rest: write(Object.fromEntries(rest)) }) : "",
    images: attached("image"),
    mask: attached("mask"),
  });
}
