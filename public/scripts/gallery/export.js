/** Pictures for the reader's disk, with all that is known of them: gallery/import.js reads it again. */

import { starred } from "../state/gallery.js";
import { fileNameOf } from "../state/pictures.js";
import { download } from "../ui/download.js";
import { zipOf } from "../ui/zip.js";

/** @param {Kept[]} rows */
export async function downloadZip(rows) {
  const { withParameters } = await import("../files/with-parameters.js");
  const files = await Promise.all(rows.map(async (row, at) => ({ name: `${at + 1}-${fileNameOf(row)}`, input: await withParameters(row) })));
  const facts = rows.map(({ blob: _, thumbnail: _small, ...row }, at) => ({ file: files[at].name, ...row, starred: starred.value.has(row.id) }));
  download(await zipOf([...files, { name: "pictures.json", input: JSON.stringify(facts, null, 2) }]), "darkroom.zip");
}
