/** The tray: previews as they come, then the finished picture with its caption. */

import { byId, part } from "./elements.js";
import { GatewayFailure } from "./failure.js";
import { WORDS } from "./words.js";

const ALT_MAX_CHARACTERS = 250;

/** What a picture may be. Anything else is called PNG: a Blob must never become HTML or SVG. */
const MEDIA_TYPES = { png: "image/png", jpeg: "image/jpeg", webp: "image/webp" };

/** @typedef {import("./types.js").CompletedEvent} CompletedEvent */
/** @typedef {import("./types.js").PreviewEvent} PreviewEvent */

/**
 * @param {(id: string | undefined) => string | undefined} nameOfModel
 */
export function createPicture(nameOfModel) {
  const figure = byId("picture", HTMLElement);
  const tray = part(figure, "tray", HTMLElement);
  const note = part(figure, "note", HTMLElement);
  const caption = part(figure, "caption", HTMLElement);
  /** @type {HTMLImageElement | null} the last finished picture, kept until the next one is finished */
  let finished = null;
  /** @type {HTMLImageElement | null} */
  let preview = null;

  /**
   * @param {"empty" | "developing" | "finished"} state
   * @param {Node} content
   */
  function show(state, content) {
    figure.dataset.state = state;
    figure.setAttribute("aria-busy", String(state === "developing"));
    caption.toggleAttribute("data-idle", state !== "finished");
    tray.replaceChildren(content);
  }

  return {
    /** The earlier picture stays, dimmed: a failed second try should not cost it. */
    begin() {
      note.textContent = "";
      show("developing", finished ?? note);
    },

    /** @param {PreviewEvent} event */
    async showPreview(event) {
      const image = await open(event).catch(() => null);
      if (!image) return; // a broken preview is no reason to stop
      image.alt = WORDS.previewAlt;
      image.dataset.preview = "";
      show("developing", image);
      discard(preview);
      preview = image;
    },

    /**
     * @param {CompletedEvent} event
     * @param {string} prompt
     * @throws {GatewayFailure}
     */
    async showFinished(event, prompt) {
      const image = await open(event).catch(() => {
        throw new GatewayFailure(WORDS.pictureBroken, { requestId: event.requestId });
      });
      image.alt = shorten(prompt);
      describe(caption, event, image, nameOfModel(event.model));
      show("finished", image);
      discard(preview);
      discard(finished);
      preview = null;
      finished = image;
    },

    /** After a cancellation or a failure: back to what was there before. */
    revert() {
      discard(preview);
      preview = null;
      note.textContent = WORDS.trayNote;
      show(finished ? "finished" : "empty", finished ?? note);
    },
  };
}

/**
 * @param {{b64_json: string, output_format?: string}} event
 * @returns {Promise<HTMLImageElement>} decoded, so that showing it neither flashes nor shifts anything
 */
async function open({ b64_json, output_format = "png" }) {
  const bytes = Uint8Array.from(atob(b64_json), (character) => character.charCodeAt(0));
  const type = MEDIA_TYPES[/** @type {keyof typeof MEDIA_TYPES} */ (output_format)] ?? MEDIA_TYPES.png;
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([bytes], { type }));
  try {
    await image.decode();
  } catch (error) {
    discard(image);
    throw error;
  }
  return image;
}

/** @param {HTMLImageElement | null} image */
function discard(image) {
  if (image) URL.revokeObjectURL(image.src);
}

/**
 * Cut between characters, not inside one: an emoji is two UTF-16 units.
 * @param {string} prompt
 */
function shorten(prompt) {
  if (prompt.length <= ALT_MAX_CHARACTERS) return prompt;
  const kept = prompt.slice(0, ALT_MAX_CHARACTERS - 1).replace(/[\uD800-\uDBFF]$/, "");
  return `${kept.trimEnd()}…`;
}

/**
 * @param {HTMLElement} caption
 * @param {CompletedEvent} event
 * @param {HTMLImageElement} image
 * @param {string | undefined} modelName
 */
function describe(caption, event, image, modelName) {
  const size = event.size ?? `${image.naturalWidth}x${image.naturalHeight}`;
  const seed = event.seed ?? null;
  part(caption, "size", HTMLElement).textContent = size.replace("x", " × ");
  part(caption, "seed", HTMLElement).textContent = seed === null ? WORDS.notReported : String(seed);
  part(caption, "model", HTMLElement).textContent = modelName ?? event.model ?? WORDS.notReported;
  part(caption, "model", HTMLElement).title = event.model ?? "";

  const link = part(caption, "download", HTMLAnchorElement);
  link.href = image.src;
  link.download = fileName(event);
}

/**
 * @param {CompletedEvent} event
 * @returns {string} "darkroom-z-image-turbo-1234.png"
 */
function fileName({ model, seed, output_format: format = "png" }) {
  const words = ["darkroom", model?.split("/").pop(), seed].filter((word) => word !== null && word !== undefined);
  return `${words.join("-").replace(/[^\w.-]+/g, "-")}.${format === "jpeg" ? "jpg" : format}`;
}
