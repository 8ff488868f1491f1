/** Pictures from files of anywhere: archives of this page, and pictures that tell what they came of. Nothing in them is believed. */

import { readLink } from "../copying/links.js";
import { readComment } from "../files/exif.js";
import { parametersIn } from "../files/infotext.js";
import { readTexts } from "../files/png-text.js";
import { filesIn } from "../files/unzip.js";
import { keep, listKept, unkept } from "../state/gallery.js";

const MOST_PICTURE_BYTES = 64 * 1024 * 1024;
const MOST_FACTS_BYTES = 32 * 1024 * 1024;
const ID = /^[\w-]{1,80}$/;
/** What a file may be, by how it begins. @type {[string, RegExp][]} */
const KINDS = [
  ["image/png", /^\x89PNG\r\n\x1a\n/], ["image/jpeg", /^\xff\xd8\xff/], ["image/webp", /^RIFF[^]{4}WEBP/], ["image/gif", /^GIF8[79]a/],
  ["image/avif", /^[^]{4}ftypavi[fs]/],
];

/** @typedef {{added: number, known: number, refused: string[]}} Imported  `known`: that were there already */

/** @param {File[]} files @returns {Promise<Imported>} */
export async function importFiles(files) {
  const imported = { added: 0, known: 0, refused: /** @type {string[]} */ ([]) };
  const ids = new Set((await listKept()).map(({ id }) => id));
  for (const file of files) {
    try {
      if (await isArchive(file)) await takeArchive(file, imported, ids);
      else await take(file, await factsIn(file), imported, ids);
    } catch {
      imported.refused.push(file.name);
    }
  }
  return imported;
}

/** @param {Blob} file */
const isArchive = async (file) => /^PK(\x03\x04|\x05\x06)/.test(await beginning(file));

/** @param {Blob} file */
const beginning = async (file) => new TextDecoder("latin1").decode(await file.slice(0, 16).arrayBuffer()).replace("‰", "\x89");

/** @param {File} file */
async function factsIn(file) {
  const parameters = parametersIn({ parameters: await readComment(file), ...await readTexts(file) });
  return { order: parameters, seed: parameters.parameters.seed, model: parameters.model, createdAt: file.lastModified };
}

/** @param {Blob} archive @param {Imported} imported @param {Set<string>} ids */
async function takeArchive(archive, imported, ids) {
  const files = await filesIn(archive);
  const listed = await files.get("pictures.json")?.(MOST_FACTS_BYTES);
  const rows = listed ? JSON.parse(await listed.text()) : [...files.keys()].map((file) => ({ file }));
  if (!Array.isArray(rows)) throw new TypeError("no list of pictures");
  for (const row of rows.toReversed()) { // the newest is kept last
    const name = String(row?.file ?? "?");
    try {
      const blob = await files.get(name)?.(MOST_PICTURE_BYTES);
      if (!blob) throw new RangeError("no such file");
      await take(blob, row.order ? row : await factsIn(new File([blob], name)), imported, ids);
    } catch {
      imported.refused.push(name);
    }
  }
}

/** @param {Blob} file @param {any} facts @param {Imported} imported @param {Set<string>} ids */
async function take(file, facts, imported, ids) {
  const start = await beginning(file);
  const [type] = KINDS.find(([, form]) => form.test(start)) ?? [];
  if (!type || file.size > MOST_PICTURE_BYTES) throw new TypeError("no picture");
  const id = typeof facts.id === "string" && ID.test(facts.id) ? facts.id : undefined;
  if (id && ids.has(id)) {
    imported.known += 1;
    return;
  }
  const blob = new Blob([await file.arrayBuffer()], { type }); // the file itself may go
  const { width, height } = await sizeOf(blob);
  const { order = {} } = facts;
  const { prompt, model, parameters } = readLink(new Map(Object.entries({ ...order.parameters, prompt: order.prompt, model: order.model }).map(([name, value]) => [name, String(value ?? "")])));
  const style = typeof order.style?.name === "string" && typeof order.style.text === "string" ? { name: order.style.name.slice(0, 200), text: order.style.text.slice(0, 32_000) } : null;
  const before = unkept.value;
  await keep({
    id, blob, width, height,
    seed: Number.isSafeInteger(facts.seed) ? facts.seed : null,
    model: textOf(facts.model) ?? (model || null),
    provider: textOf(facts.provider),
    requestId: textOf(facts.requestId),
    elapsedS: Number.isFinite(facts.elapsedS) ? facts.elapsedS : 0,
    order: { operation: ["edit", "upscale"].includes(order.operation) ? order.operation : "generate", model, prompt, style, parameters },
    createdAt: facts.createdAt > 0 && facts.createdAt <= Date.now() ? Number(facts.createdAt) : undefined,
    starred: facts.starred === true,
  });
  if (unkept.value > before) throw new Error("not kept");
  if (id) ids.add(id);
  imported.added += 1;
}

/** @param {Blob} blob @returns {Promise<{width: number, height: number}>} throws where it cannot be opened */
async function sizeOf(blob) {
  const bitmap = await createImageBitmap(blob);
  const { width, height } = bitmap;
  bitmap.close();
  return { width, height };
}

/** @param {unknown} value */
const textOf = (value) => (typeof value === "string" ? value.slice(0, 200) : null);
