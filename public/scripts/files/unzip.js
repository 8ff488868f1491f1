/** Files in a ZIP archive that comes from anywhere: found by its directory, and read one by one. */

const MOST_FILES = 10_000;
const MOST_TAIL = 66_000;
const MOST_DIRECTORY = 4 * 1024 * 1024;

/**
 * @param {Blob} archive
 * @returns {Promise<Map<string, (most: number) => Promise<Blob>>>} by name; `most`: the bytes that one may have.
 *   Throws a RangeError where it is no archive, or more than is read.
 */
export async function filesIn(archive) {
  const tail = await viewOf(archive.slice(Math.max(0, archive.size - MOST_TAIL)));
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== 0x06054b50) end -= 1;
  if (end < 0) throw new RangeError("no archive");
  const [count, size, start] = [tail.getUint16(end + 10, true), tail.getUint32(end + 12, true), tail.getUint32(end + 16, true)];
  if (count > MOST_FILES || size > MOST_DIRECTORY) throw new RangeError("too many files");
  const directory = await viewOf(archive.slice(start, start + size));
  const files = new Map();
  for (let at = 0, left = count; left > 0 && at + 46 <= directory.byteLength && directory.getUint32(at, true) === 0x02014b50; left -= 1) {
    /** @param {number} offset */
    const short = (offset) => directory.getUint16(at + offset, true);
    const [method, packed, whole, header] = [short(10), directory.getUint32(at + 20, true), directory.getUint32(at + 24, true), directory.getUint32(at + 42, true)];
    const letters = new Uint8Array(directory.buffer, at + 46, Math.min(short(28), directory.byteLength - at - 46));
    files.set(new TextDecoder().decode(letters), async (/** @type {number} */ most) => {
      if (whole > most) throw new RangeError("too large");
      const local = await viewOf(archive.slice(header, header + 30));
      const from = header + 30 + local.getUint16(26, true) + local.getUint16(28, true);
      const content = archive.slice(from, from + packed);
      if (method === 0) return content;
      if (method !== 8) throw new RangeError("packed in an unknown way");
      const parts = [];
      let bytes = 0;
      for await (const part of content.stream().pipeThrough(new DecompressionStream("deflate-raw"))) {
        bytes += part.length;
        if (bytes > most) throw new RangeError("too large");
        parts.push(part);
      }
      return new Blob(parts);
    });
    at += 46 + short(28) + short(30) + short(32);
  }
  return files;
}

/** @param {Blob} blob */
const viewOf = async (blob) => new DataView(await blob.arrayBuffer());
