/** A picture taken apart into layers. */

import { Sources } from "../edit/sources.js";
import { Choice, Slider } from "../form/fields.js";
import { ModelField } from "../form/model-field.js";
import { ModelsFailure } from "../form/models-failure.js";
import { PromptField } from "../form/prompt-field.js";
import { isRepeated } from "../form/repeated.js";
import { SeedField } from "../form/seed-field.js";
import { drafts } from "../state/draft.js";
import { jobs, start } from "../state/jobs.js";
import { wordsOf } from "../state/language.js";
import { html } from "../ui/html.js";
import { JobList } from "../watch/job-list.js";
import { LayerStack } from "./layer-stack.js";

const COUNTS = { minimum: 2, maximum: 10, default: 3 };

export function LayersView() {
  const words = wordsOf("layers");
  const draft = drafts.layers;
  const [wishes, images] = [draft.wishes.value, draft.images.value];
  const mine = jobs.value.filter(({ view }) => view === draft.view);

  /** @param {SubmitEvent} event */
  const onSubmit = (event) => {
    event.preventDefault();
    const order = images[0] && draft.order({ operation: "decompose", images, parameters: /** @type {any} */ (wishes) });
    if (order && draft.model.value && !isRepeated(event, draft)) start(order, draft.model.value, draft.view);
  };
  return html`
    <div class="bench">
      <section class="request" aria-label=${words.source}>
        <form onSubmit=${onSubmit}>
          <${Sources} draft=${draft} />
          <${PromptField} draft=${draft} label=${words.shows} />
          <${ModelField} draft=${draft} />
          <${Slider} label=${words.title} range=${COUNTS} step=${1} value=${wishes.layer_num} onChange=${(/** @type {number} */ layer_num) => draft.wish({ layer_num })} />
          <${Choice} label=${words.resolution} none=${wordsOf("form").modelsOwn} values=${["640", "1024"]} value=${wishes.resolution}
            onChoose=${(/** @type {string} */ resolution) => draft.wish({ resolution })} />
          <${SeedField} draft=${draft} />
          <div class="actions"><button class="button button-primary" type="submit" aria-disabled=${!images[0]}>${images[0] ? words.takeApart : words.missing}</button></div>
        </form>
        <${ModelsFailure} />
      </section>
      <${JobList} title=${words.title} empty=${words.nothingYet} jobs=${mine} draft=${draft} body=${LayerStack} />
    </div>`;
}
