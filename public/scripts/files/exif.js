/** A comment in the Exif data of JPEG and WebP files, where AUTOMATIC1111 keeps a picture's parameters too. */

const MOST_HEAD_BYTES = 64 * 1024;
const MOST_EXIF_BYTES = 1024 * 1024;
const MOST_PARTS = 1000;

/**
 * @param {Blob} file
 * @param {string} text
 * @param {{width: number, height: number}} size  of the picture
 * @returns {Promise<Blob>} the same picture with the comment; the file itself where it cannot have one
 */
export async function withComment(file, text, { width, height }) {
  const head = new DataView(await file.slice(0, MOST_HEAD_BYTES).arrayBuffer());
  if (hasExif(head)) return file; // how it is turned may stand there
  const exif = exifOf(text);
  if (file.type === "image/jpeg" && head.byteLength > 4 && head.getUint16(0) === 0xffd8 && exif.length < 0xff00) {
    const segment = [...bytesOf(0xffe1, 2), ...bytesOf(exif.length + 8, 2), ...lettersOf("Exif\0\0"), ...exif];
    return new Blob([file.slice(0, 2), Uint8Array.from(segment), file.slice(2)], { type: file.type });
  }
  if (file.type !== "image/webp" || head.byteLength < 30 || head.getUint32(8) !== 0x57454250) return file;
  const kind = head.getUint32(12);
  const extended = kind === 0x56503858; // "VP8X"
  const alpha = kind === 0x5650384c ? head.getUint8(24) & 0x10 : 0; // of "VP8L"
  const sides = [...bytesOf(width - 1, 3).reverse(), ...bytesOf(height - 1, 3).reverse()];
  const flags = 0x08 | (extended ? head.getUint8(20) : alpha);
  const first = [...lettersOf("VP8X"), 10, 0, 0, 0, flags, 0, 0, 0, ...(extended ? new Uint8Array(await file.slice(24, 30).arrayBuffer()) : sides)];
  const last = [...lettersOf("EXIF"), ...bytesOf(exif.length, 4).reverse(), ...exif, ...(exif.length % 2 ? [0] : [])];
  const rest = file.slice(extended ? 30 : 12);
  const size = 4 + first.length + rest.size + last.length;
  return new Blob([Uint8Array.from([...lettersOf("RIFF"), ...bytesOf(size, 4).reverse(), ...lettersOf("WEBP"), ...first]), rest, Uint8Array.from(last)], { type: file.type });
}

/**
 * @param {Blob} file  from anywhere
 * @returns {Promise<string>} the comment; "" of a file that has none, or of what is broken in it
 */
export async function readComment(file) {
  try {
    const exif = await exifIn(file);
    return exif ? commentIn(exif) : "";
  } catch (error) {
    if (error instanceof RangeError) return ""; // it leads out of the file
    throw error;
  }
}

/** @param {Blob} file @returns {Promise<DataView | null>} from its byte order on */
async function exifIn(file) {
  const head = await viewOf(file, 0, 16);
  const isWebp = head.byteLength === 16 && head.getUint32(8) === 0x57454250;
  if (!isWebp && (head.byteLength < 4 || head.getUint16(0) !== 0xffd8)) return null;
  for (let at = isWebp ? 12 : 2, count = 0; count < MOST_PARTS; count += 1) {
    const part = await viewOf(file, at, 8);
    const size = isWebp ? part.getUint32(4, true) : part.getUint16(2);
    const [start, kind] = isWebp ? [at + 8, part.getUint32(0)] : [at + 4, part.getUint16(0)];
    if (kind === 0xffda) return null; // the picture itself begins
    if (kind === 0x45584946 || kind === 0xffe1) {
      const body = await viewOf(file, start, Math.min(size, MOST_EXIF_BYTES));
      const from = body.getUint32(0) === 0x45786966 ? 6 : 0; // "Exif", which WebP may do without
      if (isWebp || from) return new DataView(body.buffer, from);
    }
    at = isWebp ? start + size + size % 2 : at + 2 + size;
  }
  return null;
}

/** @param {DataView} exif @returns {string} */
function commentIn(exif) {
  const little = exif.getUint16(0) === 0x4949;
  /** @param {number} directory @param {number} tag @returns {number} where its entry is; -1 */
  const find = (directory, tag) => {
    for (let at = directory + 2, left = exif.getUint16(directory, little); left > 0; left -= 1, at += 12) if (exif.getUint16(at, little) === tag) return at;
    return -1;
  };
  const further = find(exif.getUint32(4, little), 0x8769);
  const entry = further < 0 ? -1 : find(exif.getUint32(further + 8, little), 0x9286);
  if (entry < 0) return "";
  const bytes = new Uint8Array(exif.buffer, exif.byteOffset + exif.getUint32(entry + 8, little), exif.getUint32(entry + 4, little));
  const text = bytes.subarray(8);
  if (bytes[0] !== 0x55) return new TextDecoder().decode(text); // not "UNICODE"
  // Programs write big-endian letters into little-endian files, too: the line of facts is in Latin ones.
  const zeros = [0, 1].map((odd) => text.filter((byte, at) => byte === 0 && at % 2 === odd).length);
  return new TextDecoder(zeros[0] >= zeros[1] ? "utf-16be" : "utf-16le").decode(text);
}

/** @param {Blob} file @param {number} from @param {number} size */
const viewOf = async (file, from, size) => new DataView(await file.slice(from, from + size).arrayBuffer());

/** Whether it has some already: "Exif" near its beginning, or the flag of an extended WebP. @param {DataView} head */
function hasExif(head) {
  const letters = new TextDecoder("latin1").decode(head);
  return letters.includes("Exif\0\0") || (letters.slice(12, 16) === "VP8X" && Boolean(head.getUint8(20) & 0x08));
}

/** One directory with one entry, which leads to another with the comment (Exif 2.32, 4.6.5). @param {string} text */
function exifOf(text) {
  const comment = [...lettersOf("UNICODE\0"), ...Array.from({ length: Math.min(text.length, 0x7000) }, (_, at) => text.charCodeAt(at)).flatMap((unit) => bytesOf(unit, 2))];
  return [
    ...lettersOf("MM"), ...bytesOf(42, 2), ...bytesOf(8, 4),
    ...bytesOf(1, 2), ...bytesOf(0x8769, 2), ...bytesOf(4, 2), ...bytesOf(1, 4), ...bytesOf(26, 4), ...bytesOf(0, 4),
    ...bytesOf(1, 2), ...bytesOf(0x9286, 2), ...bytesOf(7, 2), ...bytesOf(comment.length, 4), ...bytesOf(44, 4), ...bytesOf(0, 4),
    ...comment,
  ];
}

/** @param {string} text  in ASCII */
const lettersOf = (text) => Array.from(text, (letter) => letter.charCodeAt(0));

/** @param {number} value @param {number} count  with the greatest first */
const bytesOf = (value, count) => Array.from({ length: count }, (_, at) => (value >>> (8 * (count - 1 - at))) & 0xff);
