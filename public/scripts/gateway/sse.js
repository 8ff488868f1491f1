/** Server-sent events from a fetch body. (EventSource cannot POST.) */

/** Cuts text into frames, wherever the text is split: inside a line, a frame or a CRLF. */
export class FrameParser {
  #line = "";
  #afterCarriageReturn = false;
  #event = "";
  #id = "";
  /** @type {string[]} */
  #data = [];

  /**
   * @param {string} text
   * @returns {Frame[]} the frames that this text completed
   */
  push(text) {
    const lines = this.#cutLines(text);
    return lines.map((line) => this.#readLine(line)).filter((frame) => frame !== null);
  }

  /**
   * Only the new text is searched: an image is one line of megabytes in many pieces, and searching all of it
   * again for each piece would take quadratic time.
   * @param {string} text
   */
  #cutLines(text) {
    if (this.#afterCarriageReturn && text.startsWith("\n")) text = text.slice(1);
    else if (text === "") return [];
    this.#afterCarriageReturn = text.endsWith("\r");
    const lines = text.split(/\r\n|\r|\n/);
    lines[0] = this.#line + lines[0];
    this.#line = lines.pop() ?? "";
    return lines;
  }

  /**
   * @param {string} line
   * @returns {Frame | null}
   */
  #readLine(line) {
    if (line === "") return this.#endFrame();
    const colon = line.indexOf(":");
    if (colon === 0) return null; // a comment: the heartbeat
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "event") this.#event = value;
    if (field === "id") this.#id = value;
    if (field === "data") this.#data.push(value);
    return null;
  }

  /** @returns {Frame | null} */
  #endFrame() {
    const frame = this.#data.length > 0 ? { event: this.#event, data: this.#data.join("\n"), id: this.#id } : null;
    this.#event = "";
    this.#data = [];
    return frame;
  }
}

/**
 * A frame that was cut off by the end of the stream is dropped, as the standard asks: half a picture is none.
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<Frame, void>}
 */
export async function* readFrames(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new FrameParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Also when the consumer stops early: tells the gateway that nobody listens any more.
    reader.cancel().catch(() => {});
  }
}
