/** Texts in PNG files (RFC 2083, 4.2.3): written beside the pixels, and read from files that come from anywhere. */

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const HEADER_BYTES = 33; // the signature and IHDR
const CHUNK_BYTES = 12; // length, type and checksum
const MOST_CHUNKS = 10_000;
const MOST_TEXTS = 50;
const MOST_TEXT_BYTES = 1024 * 1024;

const CHECKSUMS = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/**
 * @param {Blob} png
 * @param {string} keyword
 * @param {string} text
 * @returns {Blob} the same picture with the text; pixels are not touched
 */
export function withText(png, keyword, text) {
  // Programs that read tEXt alone are many: iTXt is for what Latin-1 cannot say.
  const latin = !/[^\n\x20-\x7e\xa0-\xff]/.test(text);
  const [name, words] = [keyword, text].map((value) => (latin ? Uint8Array.from(value, (letter) => letter.charCodeAt(0)) : new TextEncoder().encode(value)));
  const type = new TextEncoder().encode(latin ? "tEXt" : "iTXt");
  const body = Uint8Array.from([...type, ...name, ...(latin ? [0] : [0, 0, 0, 0, 0]), ...words]);
  const ends = new DataView(new ArrayBuffer(8));
  ends.setUint32(0, body.length - 4);
  ends.setUint32(4, checksumOf(body));
  const parts = [png.slice(0, HEADER_BYTES), ends.buffer.slice(0, 4), body, ends.buffer.slice(4), png.slice(HEADER_BYTES)];
  return new Blob(parts, { type: png.type });
}

/**
 * @param {Blob} file
 * @returns {Promise<Record<string, string>>} by keyword; none of a file that is no PNG, or of what is broken in it
 */
export async function readTexts(file) {
  /** @type {Record<string, string>} */
  const texts = Object.create(null);
  const head = new Uint8Array(await file.slice(0, 8).arrayBuffer());
  if (!SIGNATURE.every((byte, at) => head[at] === byte)) return texts;
  let at = 8;
  for (let count = 0; count < MOST_CHUNKS && at + CHUNK_BYTES <= file.size && Object.keys(texts).length < MOST_TEXTS; count += 1) {
    const chunk = await file.slice(at, at + 8).arrayBuffer();
    const length = new DataView(chunk).getUint32(0);
    const type = new TextDecoder("latin1").decode(chunk.slice(4));
    if (/^[tzi]TXt$|^tEXt$/.test(type) && length <= MOST_TEXT_BYTES) {
      const [keyword, text] = await textOf(type, new Uint8Array(await file.slice(at + 8, at + 8 + length).arrayBuffer())).catch(() => []);
      if (keyword && text !== undefined) texts[keyword] ??= text;
    }
    at += length + CHUNK_BYTES;
  }
  return texts;
}

/** @param {string} type @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<string[]>} */
async function textOf(type, bytes) {
  /** Behind the next zero from there. @param {number} from */
  const behind = (from) => bytes.indexOf(0, from) + 1 || bytes.length;
  const start = behind(0);
  const keyword = new TextDecoder("latin1").decode(bytes.subarray(0, start - 1));
  if (type === "tEXt") return [keyword, new TextDecoder("latin1").decode(bytes.subarray(start))];
  const packed = type === "zTXt" || bytes[start] === 1;
  const rest = bytes.subarray(type === "zTXt" ? start + 1 : behind(behind(start + 2)));
  return [keyword, new TextDecoder(type === "zTXt" ? "latin1" : "utf-8").decode(packed ? await unpacked(rest) : rest)];
}

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<Uint8Array>} throws where it would be too much */
async function unpacked(bytes) {
  const parts = [];
  let size = 0;
  for await (const part of new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))) {
    size += part.length;
    if (size > MOST_TEXT_BYTES) throw new RangeError("the text is too long");
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** @param {Uint8Array} bytes */
function checksumOf(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = CHECKSUMS[(sum ^ byte) & 0xff] ^ (sum >>> 8);
  return ~sum >>> 0;
}
