/** Files that were chosen, pasted or dropped, as pictures to work on. */

import { announce } from "../app/announcer.js";
import { fill, wordsOf } from "../state/language.js";
import { redrawn } from "../ui/download.js";

/** The longer side of what is taken: more no model takes, and no phone's canvas holds. */
const LONGEST = 4096;

/**
 * @param {Iterable<File>} files
 * @returns {Promise<{pictures: Blob[], refused: string}>} upright, and no larger than can be worked on; what else there was, in words
 */
export async function open(files) {
  const words = wordsOf("edit");
  /** @type {Blob[]} */
  const pictures = [];
  const refused = [];
  for (const file of files) {
    const picture = await redrawn(file, /jpeg|webp/.test(file.type) ? file.type : undefined, LONGEST).catch(() => null);
    if (picture) pictures.push(picture);
    else refused.push(fill(words.noPicture, { name: file.name }));
  }
  return { pictures, refused: refused.join(" ") };
}

/**
 * Adds them; where there is room for one alone, it takes the place of the one that is.
 * @param {Iterable<File>} files
 * @param {EditDraft} draft
 */
export async function receive(files, draft) {
  const words = wordsOf("edit");
  const refused = [];
  for (const file of files) {
    const { pictures: [picture], refused: reason } = await open([file]);
    const [images, most] = [draft.images.value, draft.most.value];
    if (picture && most === 1) draft.take(picture);
    else if (picture && images.length < most) draft.refer(picture);
    else refused.push(picture ? fill(words.full, { name: file.name, most }) : reason);
  }
  draft.refused.value = refused.join(" ");
  announce(draft.refused.value || fill(words.picture, { number: draft.images.value.length }), true);
}
