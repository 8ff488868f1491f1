/** One prompt on two to four models, side by side. */

import { Choice } from "../form/fields.js";
import { isRepeated } from "../form/repeated.js";
import { ModelField } from "../form/model-field.js";
import { ModelsFailure } from "../form/models-failure.js";
import { PromptField } from "../form/prompt-field.js";
import { SeedField } from "../form/seed-field.js";
import { StyleField } from "../form/style-field.js";
import { Draft } from "../state/draft.js";
import { jobs, start } from "../state/jobs.js";
import { fill, wordsOf } from "../state/language.js";
import { parametersFor, rollSeed, shapesOf } from "../state/parameters.js";
import { remember } from "../state/prompts.js";
import { effect, html, signal } from "../ui/html.js";
import { Round } from "./round.js";

const contender = () => new Draft("compare", ["generate"]);

/** What is the same for all. */
const draft = contender();

const contenders = signal([contender(), contender()]);
effect(() => contenders.value.forEach(({ modelId, choices }, at) => { modelId.value ??= choices.value.filter(({ type }) => type !== "pool")[at]?.id ?? null; }));

/** @type {Signal<Order[][]>} newest first */
const rounds = signal([]);

/**
 * Writes an order into the form, its model first.
 * @param {Order} order
 */
export function compareWith({ prompt, style, model, parameters }) {
  draft.prompt.value = prompt;
  draft.style.value = style ?? null;
  draft.wish({ seed: parameters.seed });
  contenders.value[0].modelId.value = model;
}

export function CompareView() {
  const [words, form] = [wordsOf("compare"), wordsOf("form")];
  const models = contenders.value.flatMap(({ model }) => model.value ?? []);
  const [shapes = [], ...others] = models.map((model) => shapesOf(model).map(({ ratio }) => ratio));
  const common = shapes.filter((ratio) => others.every((known) => known.includes(ratio)));
  const { ratio, seed: wished } = draft.wishes.value;
  const shape = common.find((known) => known === ratio);

  // Those of an earlier visit, and what was tried in the place of another.
  const known = new Set(rounds.value.flat());
  const further = jobs.value.flatMap(({ view, order }) => (view === draft.view && !known.has(order) ? order : []));
  const taken = [...Map.groupBy(further, ({ prompt }) => prompt).values()];

  /** @param {SubmitEvent} event */
  const onSubmit = (event) => {
    event.preventDefault();
    if (!models[0] || isRepeated(event, draft)) return;
    remember(draft.prompt.value.trim());
    const seed = wished ?? rollSeed(); // the same for all, or they could not be compared
    rounds.value = [models.flatMap((model) => {
      const order = draft.order({ operation: "generate", model: model.id, parameters: parametersFor(model, { seed, ratio: shape }) });
      return order ? start(order, model, draft.view).order : [];
    }), ...rounds.value];
    requestAnimationFrame(() => document.querySelector(".round")?.scrollIntoView({ block: "nearest" }));
  };
  return html`
    <form class="bench" aria-label=${words.title} onSubmit=${onSubmit}>
      <div>
        <${PromptField} draft=${draft} required />
        <${StyleField} draft=${draft} />
        <${Choice} label=${form.shape} none=${form.modelsOwn} values=${common} value=${shape} onChoose=${(wanted = "") => draft.wish({ ratio: wanted })} />
        <${SeedField} draft=${draft} />
      </div>
      <div>
        ${contenders.value.map((one, at, all) => html`
          <div class="field contender" key=${one}>
            <${ModelField} draft=${one} label=${fill(words.model, { number: at + 1 })} parameters=${(/** @type {Model} */ model) => parametersFor(model, { ratio: shape })} />
            ${all.length > 2 && html`<button class="button button-quiet" type="button" aria-label=${fill(words.removeModel, { number: at + 1 })} onClick=${() => { contenders.value = all.toSpliced(at, 1); }}>${words.remove}</button>`}
          </div>`)}
        ${contenders.value.length < 4 && html`<button class="button button-quiet" type="button" onClick=${() => { contenders.value = [...contenders.value, contender()]; }}>${words.add}</button>`}
        <div class="actions"><button class="button button-primary" type="submit">${words.compare}</button></div>
        <${ModelsFailure} />
      </div>
    </form>
    ${[...rounds.value, ...taken].map((orders) => html`<${Round} key=${orders[0]} orders=${orders} draft=${draft} />`)}`;
}
