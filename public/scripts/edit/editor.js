/** The picture on the easel, the tools beside it, and what became of it until now. */

import { announce } from "../app/announcer.js";
import { can } from "../state/catalog.js";
import { jobs } from "../state/jobs.js";
import { fill, wordsOf } from "../state/language.js";
import { BeforeAfter } from "../ui/before-after.js";
import { BlobImage } from "../ui/blob-image.js";
import { html, useEffect, useMemo, useRef, useSignal } from "../ui/html.js";
import { boxOf } from "./brush.js";
import { Easel } from "./easel.js";
import { shareOf } from "./mask.js";
import { MaskOffer } from "./mask-offer.js";
import { Sight } from "./sight.js";
import { Versions } from "./versions.js";

/** @typedef {import("./brush.js").Tool} Tool */

/** Safari has no idle callbacks. */
const idle = (/** @type {() => void} */ act) => window.requestIdleCallback?.(act, { timeout: 1000 }) ?? setTimeout(act);

/** @param {{draft: EditDraft, image: Blob}} props */
export function Editor({ draft, image }) {
  const words = wordsOf("edit");
  const paintable = !draft.model.value || can(draft.model.value, "edit");
  const painting = draft.painting.value;
  const { strokes, at } = painting.value;
  const extent = draft.extent.value;
  const { width = 0, height = 0 } = extent ?? {};
  const sheet = useRef(/** @type {HTMLElement | null} */ (null));
  const sight = useMemo(() => new Sight(() => sheet.current), []);
  const [tool, brush, percent] = [useSignal(/** @type {Tool} */ ("brush")), useSignal(8), useSignal(0)];
  const [spread, compared] = [useSignal(false), useSignal(false)];
  const zoom = `${Math.round(sight.zoom.value * 100)} %`;
  const before = draft.step(-1);
  const forming = jobs.value.find((job) => job.isRunning && job.order.images?.[0] === image);

  useEffect(() => sight.enlarge(0), [image]);
  useEffect(() => {
    let meant = true;
    idle(() => { if (meant) percent.value = extent && at > 0 ? shareOf(strokes.slice(0, at), extent) : 0; });
    return () => { meant = false; };
  }, [extent, painting.value]);

  const go = (/** @type {number} */ by) => {
    const next = draft.step(by);
    if (at + by >= 0 && at + by <= strokes.length) painting.value = { strokes, at: at + by };
    else if (next) {
      draft.show(next);
      announce(by < 0 ? words.undone : words.redone, true);
    }
  };
  const addBox = (how = "", left = 0, top = 0, wide = width, high = height) => {
    painting.value = { strokes: [...strokes.slice(0, at), boxOf(how, left, top, wide, high)], at: at + 1 };
  };
  const resize = (to = 0) => { brush.value = Math.min(50, Math.max(1, to)); };
  /** @param {any} event */
  const onRectangle = (event) => {
    event.preventDefault();
    addBox(event.submitter.value, ...[...event.currentTarget].map((field) => field.valueAsNumber));
  };

  /** @type {Record<string, () => void>} */
  const acts = { "[": () => resize(brush.value - 2), "]": () => resize(brush.value + 2), "=": () => sight.enlarge(1.5) };
  const button = (label = "", key = "", act = () => {}, state = {}) => {
    acts[key.toLowerCase()] = act;
    return html`<button class="button button-quiet" type="button" aria-keyshortcuts=${key} ...${state} onClick=${act}>${label}</button>`;
  };
  const choice = (/** @type {Tool} */ name, key = "") => button(words[name], key, () => { tool.value = name; }, { "aria-pressed": tool.value === name });
  /** @param {any} event */
  const onKeyDown = (event) => {
    if (event.target.type === "number") return;
    if (event.key === " " && (!event.target.closest("button, input, summary") || event.currentTarget.querySelector(".easel:hover"))) {
      event.preventDefault(); // or the page scrolls
      spread.value = true;
      return;
    }
    const command = (event.ctrlKey && !event.altKey) || event.metaKey; // AltGr is both
    const act = acts[[command && "control", event.shiftKey && event.key.length === 1 && /[a-z]/i.test(event.key) && "shift", event.key.toLowerCase()].filter(Boolean).join("+")];
    if (!act) return;
    event.preventDefault();
    act();
  };

  return html`
    <fieldset class="field editor" tabindex="-1" onKeyDown=${onKeyDown} onKeyUp=${() => { spread.value = false; }} onFocusOut=${() => { spread.value = false; }}>
      <legend class="visually-hidden">${words.where}</legend>
      <div class="rail" role="group" aria-label=${words.tools}>
        ${paintable && html`
          ${choice("brush", "B")} ${choice("eraser", "E")} ${choice("rectangle", "R")} ${choice("lasso", "L")}
          <label>${words.brushSize}
            <input type="range" min="1" max="50" value=${brush.value} onInput=${(/** @type {any} */ event) => resize(event.currentTarget.valueAsNumber)} />
          </label>`}
        ${button(words.undo, "Control+Z", () => go(-1), { "aria-disabled": at === 0 && !before })}
        ${button(words.redo, "Control+Shift+Z", () => go(1), { "aria-disabled": at === strokes.length && !draft.step(1) })}
        ${paintable && html`
          ${button(words.invert, "I", () => addBox("xor"))}
          ${button(words.clear, "Delete", () => addBox("destination-out"))}`}
        <div class="zoom" role="group" aria-label=${words.zoom}>
          ${button("−", "-", () => sight.enlarge(1 / 1.5), { "aria-label": words.smaller })}
          ${button(zoom, "0", () => sight.enlarge(0), { "aria-label": `${zoom}, ${words.fit}`, title: words.fit })}
          ${button("+", "+", () => sight.enlarge(1.5), { "aria-label": words.larger })}
        </div>
      </div>
      <div class="stand">
        ${compared.value && before
          ? html`<div class="tray compared" ref=${(/** @type {HTMLElement | null} */ tray) => tray?.style.setProperty("--shape", `${width} / ${height}`)}>
              <${BeforeAfter} before=${before}><${BlobImage} blob=${image} alt=${words.after} /><//>
            </div>`
          : html`<${Easel} key=${image} image=${image} alt=${fill(words.picture, { number: 1 })} extent=${extent} painting=${paintable ? painting : null}
              tool=${tool.value} line=${brush.value} sight=${sight} sheet=${sheet} spread=${spread.value} preview=${forming?.slots.value[0]?.preview} />`}
        ${paintable && extent && html`<p class="hint" role="status">${fill(percent.value ? words.painted : words.nothingPainted, { percent: Math.round(percent.value) || "< 1" })}</p>`}
        ${at > 0 && html`<${MaskOffer} draft=${draft} />`}
        <${Versions} draft=${draft} compared=${compared} />
        ${paintable && html`
          <p class="hint hint-keys">${words.maskKeys}</p>
          <details>
            <summary>${words.rectangleByNumbers}</summary>
            <form class="tools" onSubmit=${onRectangle}>
              ${[words.left, words.top, words.width, words.height].map((label) => html`<label key=${label}>${label}<input type="number" required /></label>`)}
              <button class="button button-quiet" value="source-over">${words.add}</button>
              <button class="button button-quiet" value="destination-out">${words.erase}</button>
            </form>
          </details>`}
      </div>
    </fieldset>`;
}
