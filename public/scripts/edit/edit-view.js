/** Pictures from pictures: changed as told, where a mask says so, or enlarged. */

import { announce } from "../app/announcer.js";
import { EditExamples } from "../create/edit-examples.js";
import { Film } from "../create/film.js";
import { useKept } from "../create/kept.js";
import { PaintButton } from "../create/paint-button.js";
import { Controls } from "../form/controls.js";
import { ModelField } from "../form/model-field.js";
import { ModelsFailure } from "../form/models-failure.js";
import { PromptField } from "../form/prompt-field.js";
import { isRepeated } from "../form/repeated.js";
import { can, modelsFailure } from "../state/catalog.js";
import { drafts } from "../state/draft.js";
import { jobs, start } from "../state/jobs.js";
import { fill, wordsOf } from "../state/language.js";
import { fileNameOf } from "../state/pictures.js";
import { remember } from "../state/prompts.js";
import { html } from "../ui/html.js";
import { JobList } from "../watch/job-list.js";
import { describeJob } from "../watch/progress.js";
import "./chain.js";
import { Editor } from "./editor.js";
import { fileOf } from "./mask.js";
import { receive } from "./receive.js";
import { Sources } from "./sources.js";
import { Versions } from "./versions.js";

export function EditView() {
  const words = wordsOf("edit");
  const form = wordsOf("form");
  const draft = drafts.edit;
  const [model, images, most] = [draft.model.value, draft.images.value, draft.most.value];
  const edits = !model || can(model, "edit");
  const extra = images.length - most;
  const mine = jobs.value.filter((job) => job.view === draft.view);
  const running = mine.find((job) => job.isRunning);
  const missing = !model ? (modelsFailure.value ? form.noModels : form.loading)
    : images.length === 0 ? words.missing : extra > 0 && fill(words.tooMany, { most, extra });

  const kept = useKept();
  const pick = (/** @type {Kept} */ row) => receive([new File([row.blob], fileNameOf(row), { type: row.blob.type })], draft);
  const onSubmit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (missing) return announce(missing, true);
    if (isRepeated(event, draft)) return;
    await draft.measured;
    const extent = draft.extent.value;
    const mask = model?.capabilities?.mask && extent ? await fileOf(draft.painting.value.value, extent) : null;
    const order = draft.order(edits ? { operation: "edit", images, mask } : { operation: "upscale", images, prompt: "", parameters: {} });
    if (!order || !model) return;
    remember(order.prompt);
    start(order, model, draft.view);
  };

  return html`
    <div class="bench bench-edit">
      <section aria-label=${words.pictures}>
        <h2 class="visually-hidden">${words.pictures}</h2>
        ${images[0] ? html`<${Editor} draft=${draft} image=${images[0]} />` : html`<${Versions} draft=${draft} />`}
        <${Sources} draft=${draft} />
        <${EditExamples} draft=${draft} />
        <${Film} jobs=${[]} kept=${kept} onPick=${pick} />
      </section>
      <section class="request" aria-label=${words.title}>
        <form onSubmit=${onSubmit}>
          ${edits && html`<${PromptField} draft=${draft} required=${!missing} label=${form.instruction} />`}
          <${ModelField} draft=${draft} />
          ${edits && html`<${Controls} draft=${draft} />`}
          <div class="actions">
            <${PaintButton} label=${missing || (edits ? words.edit : words.upscale)} ready=${!missing} newest=${running} />
            ${running && html`
              <p class="hint" aria-hidden="true">${describeJob(running)}</p>`}
          </div>
        </form>
        <${ModelsFailure} />
      </section>
      <${JobList} title=${words.results} empty="" jobs=${mine} draft=${draft} elsewhere=${Boolean(images[0])} />
    </div>`;
}
