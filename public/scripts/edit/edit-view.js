/** Pictures from pictures: changed as told, where a mask says so, or enlarged. */

import { announce } from "../app/announcer.js";
import { EditExamples } from "../create/edit-examples.js";
import { Controls } from "../form/controls.js";
import { ModelField } from "../form/model-field.js";
import { ModelsFailure } from "../form/models-failure.js";
import { PromptField } from "../form/prompt-field.js";
import { isRepeated } from "../form/repeated.js";
import { can } from "../state/catalog.js";
import { drafts } from "../state/draft.js";
import { jobs, start } from "../state/jobs.js";
import { fill, wordsOf } from "../state/language.js";
import { remember } from "../state/prompts.js";
import { html } from "../ui/html.js";
import { JobList } from "../watch/job-list.js";
import { MaskField } from "./mask-field.js";
import { Sources } from "./sources.js";

export function EditView() {
  const words = wordsOf("edit");
  const draft = drafts.edit;
  const [model, images] = [draft.model.value, draft.images.value];
  const { max_images: most = 16, mask: masks } = model?.capabilities ?? {};
  const edits = !model || can(model, "edit");
  const extra = images.length - most;
  const missing = !model ? wordsOf("form").loading : images.length === 0 ? words.missing : extra > 0 && fill(words.tooMany, { most, extra });

  const onSubmit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (missing) return announce(missing, true);
    if (isRepeated(event, draft)) return;
    const mask = masks ? await draft.mask : null;
    const order = draft.order(edits ? { operation: "edit", images, mask } : { operation: "upscale", images, prompt: "", parameters: {} });
    if (!order || !model) return;
    remember(order.prompt);
    start(order, model, draft.view);
  };

  return html`
    <div class="bench bench-edit">
      <section aria-label=${words.pictures}>
        <h2>${words.pictures}</h2>
        <${Sources} draft=${draft} most=${most} />
        <${EditExamples} draft=${draft} />
        ${masks && images[0] && html`<${MaskField} key=${images[0]} draft=${draft} image=${images[0]} />`}
      </section>
      <section class="request" aria-label=${words.title}>
        <form onSubmit=${onSubmit}>
          ${edits && html`<${PromptField} draft=${draft} required=${!missing} label=${wordsOf("form").instruction} />`}
          <${ModelField} draft=${draft} />
          ${edits && html`<${Controls} draft=${draft} />`}
          <div class="actions">
            <button class="button button-primary" type="submit" aria-disabled=${Boolean(missing)}>${missing || (edits ? words.edit : words.upscale)}</button>
          </div>
        </form>
        <${ModelsFailure} />
      </section>
      <${JobList} title=${words.results} empty="" jobs=${jobs.value.filter((job) => job.view === draft.view)} draft=${draft} />
    </div>`;
}
