/** Pictures in the making, several at a time. */

import { GatewayFailure } from "../gateway/failure.js";
import { paintLayers } from "../gateway/layers.js";
import { paint } from "../gateway/painting.js";
import { batch, computed, signal } from "../ui/html.js";
import { authorizationOf } from "./catalog.js";
import { keep } from "./gallery.js";
import { openPicture } from "./pictures.js";

/** How many finished ones stay on the page; all pictures are in the gallery. */
const MOST_KEPT = 12;

/** @type {Signal<Job[]>} newest first */
export const jobs = signal([]);

export const runningCount = computed(() => jobs.value.filter((job) => job.isRunning).length);

let lastId = 0;

export class Job {
  /**
   * @param {Order} order
   * @param {Model} model
   * @param {string} view  that asked, and shows it
   */
  constructor(order, model, view) {
    lastId += 1;
    this.id = lastId;
    this.order = order;
    this.model = model;
    this.view = view;
    this.startedAt = performance.now();
    this.controller = new AbortController();
    /** @type {Signal<Stage>} */
    this.stage = signal("sent");
    const count = Number(order.parameters.n ?? 1);
    /** @type {Signal<Slot[]>} */
    this.slots = signal(Array.from({ length: count }, () => ({ news: null, preview: null, picture: null })));
    /** @type {Signal<GatewayFailure | null>} */
    this.failure = signal(null);
    /** @type {Signal<number | null>} seconds, once it is over */
    this.took = signal(null);
  }

  /** What comes of it is no picture by itself. */
  get isOfLayers() {
    return this.order.operation === "decompose" || this.order.operation === "edit-layer";
  }

  get isRunning() {
    return this.took.value === null;
  }

  /** @returns {Picture[]} those that are finished */
  get pictures() {
    return this.slots.value.flatMap(({ picture }) => picture ?? []);
  }

  /** Takes it back: the gateway hears that nobody listens any more, and cancels upstream. */
  cancel() {
    this.controller.abort();
  }

  /** Seconds since it was sent. */
  get elapsed() {
    return this.took.peek() ?? (performance.now() - this.startedAt) / 1000;
  }

  /** @returns {Promise<void>} never rejects for a failure of the gateway's: that is shown */
  async run() {
    const { signal: aborted } = this.controller;
    const carryOut = this.isOfLayers ? paintLayers : paint;
    try {
      for await (const event of carryOut(this.order, { authorization: authorizationOf(this.model), signal: aborted })) {
        if (event.kind === "progress") this.#report(event);
        if (event.kind === "partial_image") await this.#preview(event);
        if (event.kind === "completed") await this.#complete(event);
      }
      this.#end("done");
    } catch (error) {
      if (aborted.aborted) return this.#end("cancelled");
      this.failure.value = error instanceof GatewayFailure ? error : null;
      this.#end("failed");
      if (!(error instanceof GatewayFailure)) throw error; // a mistake in this page: the console should have it
    }
  }

  /** Lets go of the memory of its pictures. */
  discard() {
    for (const { preview, picture } of this.slots.value) {
      if (preview) URL.revokeObjectURL(preview);
      if (picture) URL.revokeObjectURL(picture.url);
    }
  }

  /** @param {ProgressEvent} news */
  #report(news) {
    batch(() => {
      if (this.stage.value !== "running") this.stage.value = news.stage;
      this.#change(news.image_index, { news });
    });
  }

  /** @param {PreviewEvent} event */
  async #preview(event) {
    const preview = await openPicture(event).catch(() => null);
    if (!preview) return; // a broken preview is no reason to stop
    this.#replacePreview(event.image_index, preview.url);
  }

  /** @param {CompletedEvent} event */
  async #complete(event) {
    const index = event.image_index;
    const opened = await openPicture(event).catch(() => {
      throw new GatewayFailure({ reason: "pictureBroken", requestId: event.requestId });
    });
    /** @type {Picture} */
    const picture = { ...opened, elapsedS: this.elapsed, order: this.order };
    this.#change(index, { picture });
    this.#replacePreview(index, null);
    if (!this.isOfLayers) picture.keptId = await keep(picture);
  }

  /**
   * @param {number} index
   * @param {string | null} url
   */
  #replacePreview(index, url) {
    const earlier = this.slots.value[index]?.preview;
    this.#change(index, { preview: url });
    if (earlier) URL.revokeObjectURL(earlier);
  }

  /**
   * @param {number} index  how many layers there will be is known at the end alone
   * @param {Partial<Slot>} change
   */
  #change(index, change) {
    const known = this.slots.value;
    this.slots.value = Object.assign([...known], { [index]: { ...(known[index] ?? { news: null, preview: null, picture: null }), ...change } });
  }

  /** @param {Stage} stage */
  #end(stage) {
    batch(() => {
      for (const at of this.slots.value.keys()) this.#replacePreview(at, null);
      this.took.value = this.elapsed;
      this.stage.value = stage;
    });
  }
}

/**
 * @param {Order} order
 * @param {Model} model
 * @param {string} view
 * @returns {Job} at work already
 */
export function start(order, model, view) {
  const job = new Job(order, model, view);
  const over = jobs.value.filter(({ isRunning }) => !isRunning).slice(MOST_KEPT - 1);
  jobs.value = [job, ...jobs.value.filter((kept) => !over.includes(kept))];
  for (const old of over) old.discard();
  void job.run();
  return job;
}

/**
 * @param {string} view
 * @returns {number | null} of the latest picture that was made there
 */
export function latestSeed(view) {
  const pictures = jobs.value.filter((job) => job.view === view).flatMap((job) => job.pictures);
  return pictures.find(({ seed }) => seed !== null)?.seed ?? null;
}

/** @param {Job} job  that is over */
export function dismiss(job) {
  jobs.value = jobs.value.filter((kept) => kept !== job);
  job.discard();
}
