/** A job: an order on its way, with a slot for each picture. */

import { GatewayFailure } from "../gateway/failure.js";
import { paintLayers } from "../gateway/layers.js";
import { paint } from "../gateway/painting.js";
import { cancelTask, paintTask } from "../gateway/tasks.js";
import { batch, signal } from "../ui/html.js";
import { authorizationOf } from "./catalog.js";
import { keep } from "./gallery.js";
import { forgetTask, keepTask } from "./kept-jobs.js";
import { openPicture } from "./pictures.js";

let lastId = 0;

/** @type {Slot} */
const EMPTY = { news: null, preview: null, picture: null, taskId: null, kept: false, over: false };

export class Job {
  /**
   * @param {Order} order
   * @param {Model} model
   * @param {string} view  that asked, and shows it
   * @param {string[]} avoid  models that were tried before
   */
  constructor(order, model, view, avoid = []) {
    lastId += 1;
    this.id = lastId;
    this.order = order;
    this.model = model;
    this.view = view;
    this.avoid = avoid;
    this.key = crypto.getRandomValues(new Uint32Array(2)).join("-"); // among kept ones
    this.startedAt = performance.now();
    /** Seconds after which an earlier visit's job was taken up here. @type {number | null} */
    this.takenUpAfter = null;
    /** When it was heard of last. */
    this.heardAt = this.startedAt;
    /** @type {Signal<Stage>} */
    this.stage = signal("sent");
    const count = Number(order.parameters.n ?? 1);
    /** @type {Signal<Slot[]>} */
    this.slots = signal(Array.from({ length: count }, () => EMPTY));
    /** @type {AbortController[]} one for each slot */
    this.controllers = this.slots.value.map(() => new AbortController());
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

  /** Takes it back, upstream too. @param {number} [only]  of its pictures one alone */
  cancel(only) {
    for (const [at, controller] of this.controllers.entries()) {
      const { over, taskId } = this.slots.value[at];
      if (over || (only !== undefined && at !== only)) continue;
      controller.abort(); // a stream that is no task's is taken back by that
      if (taskId) void forgetTask(taskId).then(() => cancelTask(taskId)).catch(() => {});
      this.#endSlot(at);
    }
  }

  /** Seconds since it was sent. */
  get elapsed() {
    return this.took.peek() ?? (performance.now() - this.startedAt) / 1000;
  }

  /** @returns {Promise<void>} never rejects for a failure of the gateway's: that is shown */
  async run() {
    if (this.isOfLayers) return this.#follow(0, (options) => paintLayers(this.order, options));
    await Promise.all(this.controllers.map((_, at) => this.#paint(at)));
  }

  /**
   * Goes on with tasks of an earlier visit, one for each slot.
   * @param {KeptTask[]} rows
   */
  async takeUp(rows) {
    this.key = rows[0].key;
    this.takenUpAfter = (Date.now() - rows[0].startedAt) / 1000;
    this.startedAt -= this.takenUpAfter * 1000;
    await Promise.all(rows.map(({ taskId }, at) => {
      this.#change(at, { taskId, kept: true });
      return this.#follow(at, (options) => paintTask(taskId, { ...options, onCreated: () => {} }));
    }));
  }

  /** Each picture is a task of its own, and may be taken back alone. @param {number} at */
  async #paint(at) {
    const { n: _, seed, ...parameters } = this.order.parameters;
    const order = { ...this.order, parameters: seed === undefined ? parameters : { ...parameters, seed: Number(seed) + at } };
    /** @param {string} taskId */
    const onCreated = async (taskId) => {
      this.#change(at, { taskId });
      if (this.controllers[at].signal.aborted) return void cancelTask(taskId).catch(() => {});
      const { key, model, view } = this;
      const startedAt = Date.now() - this.elapsed * 1000;
      const kept = await keepTask({ taskId, key, index: at, order, model: model.id, view, startedAt });
      if (this.slots.value[at].over) void forgetTask(taskId);
      else this.#change(at, { kept });
    };
    await this.#follow(at, async function* (options) {
      try {
        yield* paintTask(order, { ...options, onCreated });
      } catch (error) {
        if (!(error instanceof GatewayFailure) || error.code !== "background_unavailable") throw error;
        yield* paint(order, options); // a deployment without tasks: then this page has to stay
      }
    });
  }

  /**
   * @param {number} at
   * @param {(options: {authorization: string | null, signal: AbortSignal}) => AsyncGenerator<PaintingEvent, void>} carryOut
   */
  async #follow(at, carryOut) {
    const { signal: aborted } = this.controllers[at];
    try {
      for await (const event of carryOut({ authorization: authorizationOf(this.model), signal: aborted })) {
        if (aborted.aborted) break;
        const index = this.isOfLayers ? event.image_index : at;
        this.heardAt = performance.now();
        if (event.kind === "progress") this.#report(index, event);
        if (event.kind === "partial_image") await this.#preview(index, event);
        if (event.kind === "completed") await this.#complete(index, event);
      }
    } catch (error) {
      if (aborted.aborted) return;
      if (!(error instanceof GatewayFailure)) {
        this.#endSlot(at, true);
        throw error; // a mistake in this page: the console should have it
      }
      if (error.code !== "cancelled") this.failure.value = error;
    }
    const { taskId } = this.slots.value[at];
    if (taskId) await forgetTask(taskId);
    this.#endSlot(at);
  }

  /** Lets go of the memory of its pictures. */
  discard() {
    for (const { preview, picture } of this.slots.value) {
      if (preview) URL.revokeObjectURL(preview);
      if (picture) URL.revokeObjectURL(picture.url);
    }
  }

  /** @param {number} index @param {ProgressEvent} news */
  #report(index, news) {
    batch(() => {
      if (this.stage.value !== "running") this.stage.value = news.stage;
      this.#change(index, { news });
    });
  }

  /** @param {number} index @param {PreviewEvent} event */
  async #preview(index, event) {
    const preview = await openPicture(event).catch(() => null);
    if (preview) this.#replacePreview(index, preview.url); // a broken preview is no reason to stop
  }

  /** @param {number} index @param {CompletedEvent} event */
  async #complete(index, event) {
    const opened = await openPicture(event).catch(() => {
      throw new GatewayFailure({ reason: "pictureBroken", requestId: event.requestId });
    });
    const { taskId } = this.slots.value[index] ?? EMPTY;
    const elapsedS = this.takenUpAfter === null ? this.elapsed : (event.tookS ?? this.elapsed);
    /** @type {Picture} */
    const picture = { ...opened, taskId, elapsedS, order: this.order };
    this.#change(index, { picture });
    this.#replacePreview(index, null);
    if (!this.isOfLayers && this.view !== "beside") picture.keptId = await keep(picture);
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
    this.slots.value = Object.assign([...known], { [index]: { ...(known[index] ?? EMPTY), ...change } });
  }

  /** @param {number} at @param {boolean} [broken]  by a mistake in this page */
  #endSlot(at, broken = false) {
    if (this.slots.value[at].over) return;
    batch(() => {
      this.#replacePreview(at, null);
      this.#change(at, { over: true });
      if (!this.controllers.every((_, index) => this.slots.value[index].over)) return;
      const late = this.pictures.map(({ elapsedS }) => elapsedS);
      this.took.value = this.takenUpAfter !== null && late.length > 0 ? Math.max(...late) : this.elapsed;
      this.stage.value = this.failure.value || broken ? "failed" : this.pictures.length > 0 ? "done" : "cancelled";
    });
  }
}
