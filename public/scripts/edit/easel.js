/** The picture that is worked on, as large as there is room, and what is painted on it. */

import { BlobImage } from "../ui/blob-image.js";
import { html, useEffect, useRef, useSignal } from "../ui/html.js";
import { strokeOf } from "./brush.js";
import { paint } from "./mask.js";

/** The longer side of what is shown of the mask; the file that is sent has the picture's own. */
const SHOWN = 2048;

/** @typedef {import("./brush.js").Tool} Tool @typedef {import("./sight.js").Sight} Sight */

/**
 * @param {{image: Blob, alt: string, extent: Extent | null, painting: Signal<Painting> | null, tool: Tool, line: number, sight: Sight,
 *   sheet: Ref<HTMLElement>, spread: boolean, preview?: string | null}} props
 *   painting: null where nothing can be painted; line: the brush, in percent of the width; spread: it is moved, not painted on
 */
export function Easel({ image, alt, extent, painting, tool, line, sight, sheet, spread, preview }) {
  const [canvas, ring] = [useRef(/** @type {any} */ (null)), useRef(/** @type {any} */ (null))];
  const shape = useSignal(/** @type {number[][]} */ ([])); // of a rectangle or lasso that is being drawn
  const shown = useRef(/** @type {Stroke[] | null} */ (null)); // null: not even the stripes
  /** @type {{current: Map<number, number[]>}} where each finger is */
  const fingers = useRef(new Map());
  /** @type {{current: {at: number[][], straight: boolean, stroke: Stroke | null} | null}} what is being drawn */
  const drawing = useRef(null);
  const { width, height } = extent ?? { width: 0, height: 0 };
  const scale = Math.min(1, SHOWN / Math.max(width, height));
  const { strokes, at } = painting?.value ?? { strokes: [], at: 0 };

  useEffect(() => sheet.current?.style.setProperty("--ratio", String(width / height || 1)), [width, height]);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || !width) return void (shown.current = null);
    const [now, known] = [strokes.slice(0, at), shown.current];
    const goesOn = known?.every((stroke, index) => stroke === now[index]);
    if (!goesOn) {
      context.resetTransform();
      context.clearRect(0, 0, canvas.current.width, canvas.current.height);
      context.scale(scale, scale);
      // Stripes of two tones are seen on any picture, and not by colour alone.
      const stripes = context.createLinearGradient(0, 0, width, height);
      for (let stop = 0; stop <= 128; stop += 1) stripes.addColorStop(stop / 128, stop % 2 ? "#16110d" : "#ffb454");
      Object.assign(context, { strokeStyle: stripes, fillStyle: stripes, lineJoin: "round" });
    }
    for (const stroke of goesOn ? now.slice(known?.length) : now) paint(context, stroke);
    shown.current = now;
  }, [width, height, strokes, at, Boolean(painting)]);

  /** @param {any} event */
  const placeOf = ({ clientX, clientY }) => {
    const box = canvas.current.getBoundingClientRect();
    return [(clientX - box.left) * width / box.width, (clientY - box.top) * height / box.height];
  };
  /** The ring is as large as the brush. @param {any} [event] */
  const moveRing = (event) => {
    const { style, parentElement } = ring.current;
    if (event) {
      const box = parentElement.getBoundingClientRect();
      style.translate = `${event.clientX - box.left}px ${event.clientY - box.top}px`;
    }
    style.width = `${line / 100 * canvas.current.getBoundingClientRect().width}px`;
  };
  const stroke = (/** @type {boolean} */ erases) => strokeOf({ tool, erases, points: drawing.current?.at ?? [], line: line / 100 * width, straight: drawing.current?.straight ?? false });
  const put = (/** @type {Stroke} */ drawn, /** @type {Stroke[]} */ before) => { if (painting) painting.value = { strokes: [...before, drawn], at: before.length + 1 }; };
  const isShape = tool === "rectangle" || tool === "lasso";

  /** @param {any} event */
  const onDown = (event) => {
    if (event.button === 1) event.preventDefault(); // or the browser scrolls by itself
    fingers.current.set(event.pointerId, [event.clientX, event.clientY]);
    event.currentTarget.setPointerCapture(event.pointerId);
    if (fingers.current.size === 2) { // two fingers move and enlarge; what the first began to paint goes
      if (drawing.current?.stroke && painting) painting.value = { strokes: strokes.slice(0, at - 1), at: at - 1 };
      [drawing.current, shape.value] = [null, []];
    } else if (painting && width && !spread && event.button === 0 && fingers.current.size === 1) {
      const last = !isShape && event.shiftKey && strokes[at - 1]?.lineCap === "round" && strokes[at - 1].points.at(-1);
      const place = placeOf(event); // a line of no length at all is not painted
      drawing.current = { at: [last || [place[0] - 0.01, place[1]], place], straight: event.shiftKey, stroke: null };
      if (isShape) shape.value = drawing.current.at;
      else put(drawing.current.stroke = stroke(event.altKey), strokes.slice(0, at));
    }
  };
  /** @param {any} event */
  const onMove = (event) => {
    if (painting) moveRing(event);
    const was = fingers.current.get(event.pointerId);
    if (!was) return;
    const now = [event.clientX, event.clientY];
    const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
    fingers.current.set(event.pointerId, now);
    if (other) sight.enlarge(Math.hypot(now[0] - other[0], now[1] - other[1]) / Math.max(1, Math.hypot(was[0] - other[0], was[1] - other[1])), ...other);
    const { current } = drawing;
    if (!current) return sight.move((now[0] - was[0]) / fingers.current.size, (now[1] - was[1]) / fingers.current.size);
    const place = placeOf(event);
    current.at.push(place);
    if (isShape) shape.value = [...current.at];
    else if (event.shiftKey) {
      current.straight = true;
      put(current.stroke = stroke(event.altKey), strokes.slice(0, at - 1));
    } else if (current.stroke) {
      const { points } = current.stroke;
      if (points !== current.at) points.push(place);
      paint(canvas.current.getContext("2d"), { ...current.stroke, points: points.slice(-2) });
    }
  };
  /** @param {any} event */
  const onUp = (event) => {
    fingers.current.delete(event.pointerId);
    if (!drawing.current) return;
    if (isShape && drawing.current.at.length > 2) put(stroke(event.altKey), strokes.slice(0, at));
    else if (painting) painting.value = { strokes: [...strokes], at }; // the line is whole: it is counted
    [drawing.current, shape.value] = [null, []];
  };
  /** @param {any} event */
  const onWheel = (event) => {
    if (!event.ctrlKey && !event.metaKey && sight.zoom.value === 1) return; // the page scrolls
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) sight.enlarge(Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
    else sight.move(-event.deltaX, -event.deltaY);
    if (painting) moveRing();
  };

  const outline = shape.value.length > 1 && (tool === "lasso" ? shape.value : cornersOf(shape.value));
  return html`
    <div class="easel" data-tool=${spread ? "hand" : painting ? tool : ""} onPointerDown=${onDown} onPointerMove=${onMove} onPointerUp=${onUp} onPointerCancel=${onUp} onWheel=${onWheel}>
      <div class="sheet" ref=${sheet}>
        <${BlobImage} blob=${image} alt=${alt} draggable=${false} />
        ${preview && html`<img class="forming" src=${preview} alt="" />`}
        ${painting && html`<canvas ref=${canvas} width=${Math.round(width * scale)} height=${Math.round(height * scale)} />`}
        ${outline && html`<svg viewBox="0 0 ${width} ${height}" aria-hidden="true"><polygon points=${outline.join(" ")} /></svg>`}
      </div>
      ${painting && html`<span class="ring" ref=${ring}></span>`}
    </div>`;
}

/** @param {number[][]} points @returns {number[][]} */
function cornersOf(points) {
  const [[left, top], [right, bottom]] = [points[0], points[points.length - 1]];
  return [[left, top], [right, top], [right, bottom], [left, bottom]];
}
