/** A comment in the Exif data of JPEG and WebP files, where AUTOMATIC1111 keeps a picture's parameters too. */

const MOST_HEAD_BYTES = 64 * 1024;

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
