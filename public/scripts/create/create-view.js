/** Pictures from words. */

import { drafts } from "../state/draft.js";
import { jobs, start } from "../state/jobs.js";
import { wordsOf } from "../state/language.js";
import { html } from "../ui/html.js";
import { CopyAs } from "../copying/copy-as.js";
import { useLink } from "../copying/links.js";
import { Controls } from "../form/controls.js";
import { ModelField } from "../form/model-field.js";
import { ModelsFailure } from "../form/models-failure.js";
import { PromptField } from "../form/prompt-field.js";
import { isRepeated } from "../form/repeated.js";
import { remember } from "../state/prompts.js";
import { StyleField } from "../form/style-field.js";
import { JobList } from "../watch/job-list.js";

export function CreateView() {
  const words = wordsOf("create");
  const draft = drafts.create;
  const model = draft.model.value;
  useLink(draft);

  /** @param {SubmitEvent} event */
  const onSubmit = (event) => {
    event.preventDefault(); // the Content-Security-Policy allows no form to be sent by the browser
    const order = draft.order({ operation: "generate" });
    if (!order || !model || isRepeated(event, draft)) return;
    remember(order.prompt);
    start(order, model, draft.view);
  };

  return html`
    <div class="bench">
      <section class="request" aria-label=${words.title}>
        <form onSubmit=${onSubmit}>
          <${PromptField} draft=${draft} required />
          <${StyleField} draft=${draft} />
          <${ModelField} draft=${draft} />
          <${Controls} draft=${draft} />
          <div class="actions">
            <button class="button button-primary" type="submit" aria-disabled=${!model} aria-keyshortcuts="Control+Enter Meta+Enter">${words.generate}</button>
            <${CopyAs} order=${() => draft.order({ operation: "generate" })} />
          </div>
        </form>
        <${ModelsFailure} />
      </section>
      <${JobList} title=${words.pictures} empty=${words.nothingYet} jobs=${jobs.value.filter((job) => job.view === draft.view)} draft=${draft} />
    </div>`;
}
