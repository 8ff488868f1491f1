/** Where the first picture may change: painted with a brush, or told as a rectangle. */

import { fill, wordsOf } from "../state/language.js";
import { BlobImage } from "../ui/blob-image.js";
import { html, useEffect, useRef, useSignal } from "../ui/html.js";

/** @param {{draft: EditDraft, image: Blob}} props */
export function MaskField({ draft, image }) {
  const words = wordsOf("edit");
  const painting = draft.painting.value;
  const { strokes, at } = painting.value;
  const canvas = useRef(/** @type {any} */ (null));
  const [frame, mode, brush, percent] = [useSignal([0, 0]), useSignal("source-over"), useSignal(8), useSignal(0)];
  const [width, height] = frame.value;
  const context = () => canvas.current.getContext("2d", { willReadFrequently: true });

  const go = (to = 0) => { painting.value = { strokes, at: Math.min(strokes.length, Math.max(0, to)) }; };
  const add = (/** @type {Stroke} */ stroke) => { painting.value = { strokes: [...strokes.slice(0, at), stroke], at: at + 1 }; };
  const addBox = (how = "", left = 0, top = 0, wide = width, high = height) => {
    const middle = top + high / 2;
    add({ globalCompositeOperation: how, lineWidth: high, lineCap: "butt", points: [[left, middle], [left + wide, middle]] });
  };
  const resize = (to = 0) => { brush.value = Math.min(50, Math.max(1, to)); };

  useEffect(() => {
    draft.mask = null;
    if (!width) return;
    context().clearRect(0, 0, width, height);
    // Stripes of two tones are seen on any picture, and not by colour alone.
    const stripes = context().createLinearGradient(0, 0, width, height);
    for (let stop = 0; stop <= 128; stop += 1) stripes.addColorStop(stop / 128, stop % 2 ? "#16110d" : "#ffb454");
    Object.assign(context(), { strokeStyle: stripes, lineJoin: "round" });
    for (const stroke of strokes.slice(0, at)) paint(context(), stroke);
    const mask = context().getImageData(0, 0, width, height);
    let painted = 0;
    for (let alpha = 3; alpha < mask.data.length; alpha += 4) {
      mask.data[alpha] = mask.data[alpha] < 128 ? 255 : 0;
      if (!mask.data[alpha]) painted += 1;
    }
    percent.value = painted / width / height * 100;
    const file = new OffscreenCanvas(width, height);
    file.getContext("2d")?.putImageData(mask, 0, 0);
    if (painted > 0) draft.mask = file.convertToBlob();
  }, [width, painting.value]);

  /** @param {any} event */
  const onPointer = ({ type, isPrimary, pointerId, offsetX, offsetY }) => {
    const point = [offsetX, offsetY].map((place) => place * width / canvas.current.clientWidth);
    if (type === "pointerdown" && isPrimary) {
      canvas.current.setPointerCapture(pointerId);
      add({ globalCompositeOperation: mode.value, lineWidth: brush.value / 100 * width, lineCap: "round", points: [point, point] });
    } else if (canvas.current.hasPointerCapture(pointerId)) {
      const stroke = strokes[at - 1];
      stroke.points.push(point);
      paint(context(), { ...stroke, points: stroke.points.slice(-2) });
    }
  };
  /** @param {any} event */
  const onRectangle = (event) => {
    event.preventDefault();
    addBox(event.submitter.value, ...[...event.currentTarget].map((field) => field.valueAsNumber));
  };
  /** @type {Record<string, () => void>} */
  const acts = { "[": () => resize(brush.value - 2), "]": () => resize(brush.value + 2) };
  const tool = (label = "", key = "", act = () => {}, state = {}) => {
    acts[key.toLowerCase()] = act;
    return html`<button class="button button-quiet" type="button" aria-keyshortcuts=${key} ...${state} onClick=${act}>${label}</button>`;
  };
  /** @param {any} event */
  const onKeyDown = (event) => {
    const command = (event.ctrlKey && !event.altKey) || event.metaKey; // AltGr is both
    const act = acts[[command && "control", event.shiftKey && "shift", event.key.toLowerCase()].filter(Boolean).join("+")];
    if (!act || event.target.type === "number") return;
    event.preventDefault();
    act();
  };

  return html`
    <fieldset class="field" tabindex="-1" onKeyDown=${onKeyDown}>
      <legend>${words.where}</legend>
      <div class="easel">
        <${BlobImage} blob=${image} alt=${fill(words.picture, { number: 1 })}
          onLoad=${(/** @type {any} */ { currentTarget: shown }) => { frame.value = [shown.naturalWidth, shown.naturalHeight]; }} />
        <canvas ref=${canvas} width=${width} height=${height} onPointerDown=${onPointer} onPointerMove=${onPointer} onLostPointerCapture=${() => go(at)} />
      </div>
      <p class="hint" role="status">${fill(percent.value ? words.painted : words.nothingPainted, { percent: Math.round(percent.value) || "< 1" })}</p>
      <div class="tools">
        ${tool(words.brush, "B", () => { mode.value = "source-over"; }, { "aria-pressed": mode.value === "source-over" })}
        ${tool(words.eraser, "E", () => { mode.value = "destination-out"; }, { "aria-pressed": mode.value !== "source-over" })}
        ${tool(words.undo, "Control+Z", () => go(at - 1), { "aria-disabled": at === 0 })}
        ${tool(words.redo, "Control+Shift+Z", () => go(at + 1), { "aria-disabled": at === strokes.length })}
        ${tool(words.invert, "I", () => addBox("xor"))}
        ${tool(words.clear, "Delete", () => addBox("destination-out"))}
        <label>${words.brushSize}
          <input type="range" min="1" max="50" value=${brush.value} onInput=${(/** @type {any} */ event) => resize(event.currentTarget.valueAsNumber)} />
        </label>
      </div>
      <p class="hint hint-keys">${words.maskKeys}</p>
      <details>
        <summary>${words.rectangle}</summary>
        <form class="tools" onSubmit=${onRectangle}>
          ${[words.left, words.top, words.width, words.height].map((label) => html`<label key=${label}>${label}<input type="number" required /></label>`)}
          <button class="button button-quiet" value="source-over">${words.add}</button>
          <button class="button button-quiet" value="destination-out">${words.erase}</button>
        </form>
      </details>
    </fieldset>`;
}

/** @param {any} context @param {Stroke} stroke */
function paint(context, { points, ...style }) {
  Object.assign(context, style);
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
}
