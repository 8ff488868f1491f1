/** One job: how far it is, its pictures, and what went wrong. */

import { announce } from "../app/announcer.js";
import { nameOf } from "../state/catalog.js";
import { dismiss, start } from "../state/jobs.js";
import { wordsOf } from "../state/language.js";
import { shorten } from "../state/pictures.js";
import { BeforeAfter } from "../ui/before-after.js";
import { FailureCard } from "../ui/failure-card.js";
import { html, useEffect, useRef, useSignal } from "../ui/html.js";
import { describeSeconds } from "../ui/numbers.js";
import { Veil } from "../ui/veil.js";
import { PictureActions } from "./picture-actions.js";
import { describeJob, fractionOf } from "./progress.js";

const CLOCK_TICK_MS = 1000;

/** Stands unseen where a picture will be captioned, so that nothing moves when it comes. */
const NOTHING = { blob: new Blob(), url: "", width: 1024, height: 1024, seed: 1e9, provider: null, requestId: null, elapsedS: 1 };

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
            <button class="button button-quiet" type="button" onClick=${() => start(job.order, job.model, job.view)}>${words.again}</button>
            <button class="button button-quiet" type="button" onClick=${() => dismiss(job)}>${removal ?? words.remove}</button>`}
      </div>
      <${Bar} job=${job} label=${words.progress} />
      ${children ?? html`
        <div class="slots" data-count=${job.slots.value.length}>
          ${job.slots.value.map((slot, at) => (slot.picture || job.isRunning) && html`
            <${SlotView} key=${at} slot=${slot} job=${job} draft=${draft} extra=${extra} />`)}
        </div>`}
      ${failure && html`<${FailureCard} title=${words.failureTitle} failure=${failure} />`}
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

/** @param {{job: Job, label: string}} props */
function Bar({ job, label }) {
  const fraction = job.isRunning ? fractionOf(job.slots.value) : 1;
  const idle = !job.isRunning && job.stage.value !== "done";
  return html`<progress aria-label=${label} max="1" value=${fraction ?? undefined} data-idle=${idle ? "" : undefined} />`;
}

/**
 * @param {{slot: Slot, job: Job, draft: Draft, extra?: Extra}} props
 */
function SlotView({ slot: { preview, picture }, job, draft, extra }) {
  const words = wordsOf("watch");
  const shape = shapeOf(job);
  const source = job.order.images?.[0];
  const shown = picture && html`<img src=${picture.url} alt=${shorten(job.order.prompt || nameOf(job.model.id))} width=${picture.width} height=${picture.height} />`;
  return html`
    <figure class="picture" data-state=${picture ? "finished" : "developing"}>
      <div class="tray" ref=${(/** @type {HTMLElement | null} */ tray) => tray?.style.setProperty("--shape", picture ? `${picture.width} / ${picture.height}` : shape)}>
        ${picture
          ? source ? html`<${BeforeAfter} before=${source}>${shown}<//>` : shown
          : preview && html`<img data-preview="" src=${preview} alt=${words.previewAlt} />`}
        ${(picture || preview) && html`<${Veil} />`}
      </div>
      <figcaption data-idle=${picture ? undefined : ""}>
        <${Caption} picture=${picture ?? { ...NOTHING, model: job.model.id, order: job.order }} draft=${draft} extra=${extra} />
      </figcaption>
    </figure>`;
}

/** @param {{picture: Picture, draft: Draft, extra?: Extra}} props */
export function Caption({ picture, draft, extra }) {
  const words = wordsOf("watch");
  return html`
    <dl class="facts">
      <div><dt>${words.size}</dt><dd>${picture.width} × ${picture.height}</dd></div>
      <div><dt>${words.seed}</dt><dd>${picture.seed ?? words.notReported}</dd></div>
      <div><dt>${words.model}</dt><dd title=${picture.model ?? ""}>${nameOf(picture.model) || words.notReported}</dd></div>
      <div><dt>${words.time}</dt><dd>${describeSeconds(picture.elapsedS, 1)}</dd></div>
    </dl>
    <${PictureActions} picture=${picture} draft=${draft} extra=${extra} />`;
}

/**
 * The shape of the tray before there is a picture: what was asked for, so that nothing jumps when it comes.
 * @param {Job} job
 */
function shapeOf({ order: { parameters }, model }) {
  const size = /^(\d+)[x:](\d+)$/.exec(String(parameters.aspect_ratio ?? parameters.size ?? model.capabilities?.size.default ?? ""));
  return size ? `${size[1]} / ${size[2]}` : "1 / 1";
}
