/** Pictures from words: the composer, and the stage beside it. */

import { phone } from "../app/screen.js";
import { AUTO } from "../state/catalog.js";
import { drafts } from "../state/draft.js";
import { jobs, start } from "../state/jobs.js";
import { wordsOf } from "../state/language.js";
import { parametersFor } from "../state/parameters.js";
import { html, useEffect, useMemo, useSignal } from "../ui/html.js";
import { CopyAs } from "../copying/copy-as.js";
import { useLink } from "../copying/links.js";
import { Controls } from "../form/controls.js";
import { ModelField } from "../form/model-field.js";
import { ModelsFailure } from "../form/models-failure.js";
import { PromptField } from "../form/prompt-field.js";
import { isRepeated } from "../form/repeated.js";
import { PromptTools } from "../form/prompt-tools.js";
import { remember } from "../state/prompts.js";
import { StyleField } from "../form/style-field.js";
import { Dialog } from "../ui/dialog.js";
import { Icon } from "../ui/icon.js";
import { anyExample, fillIn, promptOf } from "./examples.js";
import { PaintButton } from "./paint-button.js";
import { Stage } from "./stage.js";

export function CreateView() {
  const [words, stage] = [wordsOf("create"), wordsOf("stage")];
  const draft = drafts.create;
  const model = draft.model.value;
  const sheet = useSignal(false);
  const example = useMemo(() => anyExample(), []);
  const newest = jobs.value.find((job) => job.view === draft.view);
  useLink(draft);
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches && document.activeElement === document.body) /** @type {HTMLElement?} */ (document.querySelector(".composer textarea"))?.focus({ preventScroll: true });
  }, []);

  /** @param {number} [seed] */
  const paint = (seed) => {
    const order = model && draft.order({ operation: "generate", ...(seed === undefined ? {} : { parameters: parametersFor(model, { ...draft.wishes.value, seed }) }) });
    if (!order) return;
    remember(order.prompt);
    start(order, model, draft.view);
  };
  /** @param {SubmitEvent} event */
  const onSubmit = (event) => {
    event.preventDefault(); // the Content-Security-Policy allows no form to be sent by the browser
    if (!isRepeated(event, draft)) paint();
  };
  /** @param {Example} chosen  @param {boolean} fillOnly */
  const onIdea = (chosen, fillOnly) => {
    fillIn(draft, chosen);
    if (!fillOnly) paint(chosen.seed);
  };

  const settings = html`
    <${PromptTools} draft=${draft}>
      <button class="button button-quiet" type="button" onClick=${() => fillIn(draft, anyExample(draft.prompt.value))}>${stage.surprise}</button>
    <//>
    <${StyleField} draft=${draft} />
    <${ModelField} draft=${draft} />
    <${Controls} draft=${draft}><${CopyAs} order=${() => draft.order({ operation: "generate" })} /><//>`;
  const chosen = [draft.wishes.value.ratio, Number(draft.wishes.value.n) > 1 && `×${draft.wishes.value.n}`, model?.id === AUTO ? stage.auto : model?.name].filter(Boolean).join(" · ");
  return html`
    <div class="bench bench-create">
      <section class="request" aria-label=${words.title}>
        <form class="composer" onSubmit=${onSubmit}>
          <${PromptField} draft=${draft} required tools=${false} placeholder=${promptOf(example)} />
          ${phone.value
            ? html`<button class="button composer-settings" type="button" aria-haspopup="dialog" title=${stage.settings} onClick=${() => { sheet.value = true; }}><${Icon} name="settings" /> <span>${chosen}</span></button>`
            : settings}
          ${sheet.value && html`<${Dialog} title=${stage.settings} close=${wordsOf("form").close} sheet onClose=${() => { sheet.value = false; }}>${settings}<//>`}
          <div class="actions"><${PaintButton} label=${words.generate} ready=${Boolean(model)} newest=${newest} compact=${phone.value} /></div>
        </form>
        <${ModelsFailure} />
      </section>
      <${Stage} title=${words.pictures} draft=${draft} onIdea=${onIdea} />
    </div>`;
}
