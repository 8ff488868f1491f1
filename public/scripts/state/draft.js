/** What is being written on a view: the prompt, the model and the wishes that may become an order. */

import { AUTO, can, modelOf, painters } from "./catalog.js";
import { keepDraft } from "./kept-drafts.js";
import { parametersFor, wishesOf } from "./parameters.js";
import { computed, effect, signal } from "../ui/html.js";

/** How many pictures of chained edits are known. */
const MOST_STEPS = 24;

export class Draft {
  /**
   * @param {View | "layer"} view  that shows its jobs
   * @param {Operation[]} operations  one of which a model must be able to do
   */
  constructor(view, operations) {
    this.view = view;
    this.operations = operations;
    this.prompt = signal("");
    /** @type {Signal<string | null>} null until the reader chose */
    this.modelId = signal(null);
    /** @type {Signal<Style | null>} */
    this.style = signal(null);
    /** @type {Signal<Wishes>} kept when the model changes: what another cannot do waits for one that can */
    this.wishes = signal({});
    this.choices = computed(() => painters.value.filter((model) => can(model, ...operations)));
    this.model = computed(() => {
      const chosen = modelOf(this.modelId.value);
      if (chosen && can(chosen, ...operations)) return chosen;
      const [first] = this.choices.value;
      return this.choices.value.find(({ id }) => id === AUTO) ?? this.choices.value.find((row) => row.default) ?? first;
    });
  }

  /** @param {Wishes} change */
  wish(change) {
    this.wishes.value = { ...this.wishes.value, ...change };
  }

  /** @param {Model} model */
  parametersFor(model) {
    return parametersFor(model, this.wishes.value);
  }

  /**
   * @param {Pick<Order, "operation"> & Partial<Order>} rest
   * @returns {Order | null} null where there is no model yet
   */
  order(rest) {
    const model = this.model.value;
    if (!model) return null;
    return {
      model: model.id,
      prompt: this.prompt.value.trim(),
      style: this.style.value,
      parameters: this.parametersFor(model),
      ...rest,
    };
  }

  /**
   * Takes over what an earlier order said.
   * @param {Pick<Order, "model" | "prompt" | "style" | "parameters">} order
   */
  reuse({ model, prompt, style, parameters }) {
    this.prompt.value = prompt;
    this.modelId.value = model;
    this.style.value = style ?? null;
    this.wishes.value = wishesOf(parameters);
  }
}

/** A draft that works on pictures. */
export class EditDraft extends Draft {
  /** @param {ConstructorParameters<typeof Draft>} about */
  constructor(...about) {
    super(...about);
    /** @type {Signal<Blob[]>} what is worked on, in order */
    this.images = signal([]);
    const first = computed(() => this.images.value[0]);
    /** @type {Signal<string>} why some of the files that came are not among them */
    this.refused = signal("");
    /** How many the model takes. */
    this.most = computed(() => this.model.value?.capabilities?.max_images ?? 16);
    /** @type {WeakMap<Blob, Signal<Painting>>} */
    const paintings = new WeakMap();
    /** What is painted on the first one: each picture keeps its own. */
    this.painting = computed(() => {
      const painting = (first.value && paintings.get(first.value)) ?? signal(/** @type {Painting} */ ({ strokes: [], at: 0 }));
      if (first.value) paintings.set(first.value, painting);
      return painting;
    });
    /** @type {Signal<Extent | null>} of the first one, once it is known */
    this.extent = signal(null);
    /** @type {Promise<void>} until it is known */
    this.measured = Promise.resolve();
    /** @type {Signal<Blob[]>} what stood first, one after the other: Undo goes back along them */
    this.steps = signal([]);
    /** @type {Blob | undefined} */
    let earlier;
    effect(() => {
      const image = first.value;
      this.extent.value = null;
      if (!image) return;
      this.measured = this.#measure(image);
      const known = this.steps.peek();
      if (!known.includes(image)) {
        this.steps.value = [...known.slice(0, earlier ? known.indexOf(earlier) + 1 : 0), image].slice(-MOST_STEPS);
      }
      earlier = image;
    });
  }

  /** @param {Blob} image */
  async #measure(image) {
    const bitmap = await createImageBitmap(image);
    if (this.images.peek()[0] === image) this.extent.value = { width: bitmap.width, height: bitmap.height };
    bitmap.close();
  }

  /** @param {Model} model */
  parametersFor(model) {
    return parametersFor(model, this.wishes.value, this.extent.value);
  }

  /**
   * Begins anew with one picture.
   * @param {Blob} image
   */
  take(image) {
    this.images.value = [image];
  }

  /**
   * Puts a picture first, in the place of the one that is; the references stay.
   * @param {Blob} image
   */
  show(image) {
    const known = this.images.peek();
    const others = known.includes(image) ? known.filter((other) => other !== image) : known.slice(1);
    this.images.value = [image, ...others];
  }

  /**
   * Adds a reference.
   * @param {Blob} image
   */
  refer(image) {
    if (!this.images.value.includes(image)) this.images.value = [...this.images.value, image];
  }

  /**
   * What stood first before the one that does, or after it.
   * @param {number} by
   * @returns {Blob | undefined}
   */
  step(by) {
    const [steps, image] = [this.steps.value, this.images.value[0]];
    return steps[(image ? steps.indexOf(image) : steps.length) + by];
  }
}

/** The drafts outlive their views: who comes back finds what was written. */
export const drafts = {
  create: new Draft("create", ["generate"]),
  edit: new EditDraft("edit", ["edit", "upscale"]),
  layers: new EditDraft("layers", ["decompose"]),
};
for (const [name, draft] of Object.entries(drafts)) keepDraft(draft, name);
