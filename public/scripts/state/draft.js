/** What is being written on a view: the prompt, the model and the wishes that may become an order. */

import { AUTO, can, modelOf, painters } from "./catalog.js";
import { keepDraft } from "./kept-drafts.js";
import { parametersFor, wishesOf } from "./parameters.js";
import { computed, signal } from "../ui/html.js";

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
      parameters: parametersFor(model, this.wishes.value),
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
    /** What is painted on the first one, as long as that is it. */
    this.painting = computed(() => (first.value, signal(/** @type {Painting} */ ({ strokes: [], at: 0 }))));
    /** @type {Promise<Blob>?} a PNG of the first one's size, transparent where it may change */
    this.mask = null;
  }

  /**
   * Begins anew with one picture.
   * @param {Blob} image
   */
  take(image) {
    this.images.value = [image];
  }
}

/** The drafts outlive their views: who comes back finds what was written. */
export const drafts = {
  create: new Draft("create", ["generate"]),
  edit: new EditDraft("edit", ["edit", "upscale"]),
  layers: new EditDraft("layers", ["decompose"]),
};
for (const [name, draft] of Object.entries(drafts)) keepDraft(draft, name);
