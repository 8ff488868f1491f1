/** One job: how far it is, its pictures, and what went wrong. */

import { announce } from "../app/announcer.js";
import { nameOf } from "../state/catalog.js";
import { forget } from "../state/gallery.js";
import { dismiss, start } from "../state/jobs.js";
import { fill, wordsOf } from "../state/language.js";
import { shorten } from "../state/pictures.js";
import { BeforeAfter } from "../ui/before-after.js";
import { html, useEffect, useRef, useSignal } from "../ui/html.js";
import { describeSeconds } from "../ui/numbers.js";
import { isWhole, JobFailure, TryNext } from "./failure-actions.js";
import { Facts } from "./facts.js";
import { Veil } from "../ui/veil.js";
import { openViewer } from "../ui/viewer.js";
import { PictureActions } from "./picture-actions.js";
import { describeJob, fractionOf } from "./progress.js";
import { Upscaling, upscalingOf } from "./upscaling.js";

const CLOCK_TICK_MS = 1000;
const STALLED_AFTER_S = 30;

/**
 * @param {{job: Job, draft: Draft, extra?: Extra, removal?: string, children?: Children}} props
 *   `removal`: what it means here to remove it; `children`: the pictures, where a view shows them in its own way
 */
export function JobCard({ job, draft, extra, removal, children }) {
  const words = wordsOf("watch");
  const failure = job.failure.value;
  const text = describeJob(job);
  const stage = job.stage.value;
  useAnnouncements(text, stage);
  return html`
    <article class="job" data-stage=${stage} aria-busy=${job.isRunning}>
      <div class="job-head">
        <!-- Sighted readers see every change; the live region speaks at a bearable pace. -->
        <p class="status-line" data-stage=${stage} aria-hidden="true">
          <span class="status-text">${text}</span><${Clock} job=${job} />
        </p>
        ${job.isRunning
          ? html`<button class="button button-quiet" type="button" onClick=${() => job.cancel()}>${words.cancel}</button>`
          : html`
            ${isWhole(job) && html`<button class="button button-quiet" type="button" onClick=${() => start(job.order, job.model, job.view)}>${words.again}</button>`}
            <button class="button button-quiet" type="button" onClick=${() => dismiss(job)}>${removal ?? words.remove}</button>`}
      </div>
      ${(job.isRunning || stage === "done") && html`<${Bar} job=${job} label=${words.progress} />`}
      ${job.takenUpAfter !== null && html`<p class="hint">${fill(words.takenUp, { time: describeSeconds(job.takenUpAfter) })}</p>`}
      ${job.isRunning && html`<${Stall} job=${job} />`}
      ${children ?? html`
        <div class="slots" data-count=${job.slots.value.length}>
          ${job.slots.value.map((slot, at) => (slot.picture || (job.isRunning && !slot.over)) && html`
            <${SlotView} key=${at} at=${at} slot=${slot} job=${job} draft=${draft} extra=${extra} />`)}
        </div>`}
      ${failure && !job.isRunning && html`<${JobFailure} job=${job} failure=${failure} draft=${draft} />`}
      <p class="job-prompt" dir="auto" title=${job.order.prompt}>${shorten(job.order.prompt, 90)} <bdi class="job-model">${nameOf(job.model.id)}</bdi></p>
    </article>`;
}

/**
 * A change of stage is said at once, also the first.
 * @param {string} text
 * @param {string} stage
 */
function useAnnouncements(text, stage) {
  const said = useRef({ text: "", stage: "" });
  useEffect(() => {
    if (text !== said.current.text) announce(text, stage !== said.current.stage);
    said.current = { text, stage };
  }, [text, stage]);
}

/** @param {{job: Job}} props */
function Clock({ job }) {
  const seconds = useSignal(Math.floor(job.elapsed));
  const running = job.isRunning;
  useEffect(() => {
    if (!running) return;
    const ticking = setInterval(() => { seconds.value = Math.floor(job.elapsed); }, CLOCK_TICK_MS);
    return () => clearInterval(ticking);
  }, [running]);
  return html`<span class="clock">${running ? describeSeconds(seconds.value) : ""}</span>`;
}

/** Offers another model where nothing is heard for long; in a queue that is as it should be. @param {{job: Job}} props */
function Stall({ job }) {
  const stalled = useSignal(false);
  useEffect(() => {
    const ticking = setInterval(() => {
      stalled.value = job.stage.value !== "queued" && performance.now() - job.heardAt > STALLED_AFTER_S * 1000;
    }, CLOCK_TICK_MS);
    return () => clearInterval(ticking);
  }, []);
  return stalled.value && html`<div class="tools fork"><p>${wordsOf("fork").stalled}</p><${TryNext} job=${job} /></div>`;
}

/** @param {{job: Job, label: string}} props */
function Bar({ job, label }) {
  const fraction = job.isRunning ? fractionOf(job.slots.value) : 1;
  return html`<progress aria-label=${label} max="1" value=${fraction ?? undefined} />`;
}

/**
 * @param {{slot: Slot, at: number, job: Job, draft: Draft, extra?: Extra}} props
 */
function SlotView({ slot: { preview, picture }, at, job, draft, extra }) {
  const words = wordsOf("watch");
  const shape = shapeOf(job);
  const name = shorten(job.order.prompt || nameOf(job.model.id));
  const larger = upscalingOf(picture);
  const [enlarged] = larger?.pictures ?? [];
  const [shown, source] = enlarged ? [enlarged, picture?.blob] : [picture, job.order.images?.[0]];
  const image = shown && html`<img src=${shown.url} alt=${name} width=${shown.width} height=${shown.height} />`;
  const remove = () => {
    if (picture?.keptId) void forget(picture.keptId);
    job.slots.value = job.slots.value.filter((slot) => slot.picture !== picture);
    if (job.pictures.length === 0) dismiss(job);
    document.getElementById("result-heading")?.focus();
  };
  return html`
    <figure class="picture" data-state=${picture ? "finished" : "developing"}>
      <div class="tray" ref=${(/** @type {HTMLElement | null} */ tray) => tray?.style.setProperty("--shape", picture ? `${picture.width} / ${picture.height}` : shape)}>
        ${picture
          ? source ? html`<${BeforeAfter} before=${source}>${image}<//>`
            : html`<button class="open" type="button" aria-haspopup="dialog" title=${words.open} onClick=${() => openViewer(job.pictures, job.pictures.indexOf(picture))}>${image}</button>`
          : preview && html`<img data-preview="" src=${preview} alt=${words.previewAlt} />`}
        ${(picture || preview) && html`<${Veil} of=${picture} />`}
      </div>
      ${!picture && job.slots.value.length > 1 && html`
        <button class="button button-quiet slot-cancel" type="button" onClick=${() => job.cancel(at)}>${fill(words.cancelOne, { number: at + 1 })}</button>`}
      <figcaption>
        ${larger ? html`<${Upscaling} job=${larger} draft=${draft} Card=${JobCard} />`
          : picture && html`<${Caption} picture=${picture} draft=${draft} extra=${extra} beside onDelete=${job.isRunning ? undefined : remove} />`}
      </figcaption>
    </figure>`;
}

/** @param {{picture: Picture, draft: Draft, extra?: Extra, beside?: boolean, onDelete?: () => void}} props */
export function Caption({ picture, draft, extra, beside, onDelete }) {
  return html`
    <${Facts} picture=${picture} />
    <${PictureActions} picture=${picture} draft=${draft} extra=${extra} beside=${beside} onDelete=${onDelete} />`;
}

/**
 * The shape of the tray before there is a picture: what was asked for, so that nothing jumps when it comes.
 * @param {Job} job
 */
function shapeOf({ order: { parameters }, model }) {
  const size = /^(\d+)[x:](\d+)$/.exec(String(parameters.aspect_ratio ?? parameters.size ?? model.capabilities?.size.default ?? ""));
  return size ? `${size[1]} / ${size[2]}` : "1 / 1";
}
