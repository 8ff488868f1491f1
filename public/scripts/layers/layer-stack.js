/** The layers of a picture: together, and one by one. A change is a job on a layer's file: who takes the job back undoes it. */

import { ModelField } from "../form/model-field.js";
import { PromptField } from "../form/prompt-field.js";
import { Draft, drafts } from "../state/draft.js";
import { jobs, start } from "../state/jobs.js";
import { fill, wordsOf } from "../state/language.js";
import { fileNameOf } from "../state/pictures.js";
import { download } from "../ui/download.js";
import { html, useSignal } from "../ui/html.js";
import { zipOf } from "../ui/zip.js";
import { JobCard } from "../watch/job-card.js";
import { PictureActions } from "../watch/picture-actions.js";

/** What is to change. */
const draft = new Draft("layer", ["edit"]);

/** @param {Picture} layer @returns {Job[]} each works on what the one before made of it */
function changesOf({ blob }) {
  const job = jobs.value.find(({ view, order }) => view === draft.view && order.images?.[0] === blob);
  return job ? [job, ...job.pictures.flatMap(changesOf)] : [];
}

/** @param {{job: Job}} props */
export function LayerStack({ job }) {
  const words = wordsOf("layers");
  const off = useSignal(0); // a bit for each layer
  const layers = job.pictures.map((layer, at) => {
    const changes = changesOf(layer);
    const [now = layer] = changes.flatMap(({ pictures }) => pictures).reverse();
    return { at, now, change: changes.at(-1), name: at ? fill(words.layer, { at }) : words.back, on: !(off.value & (1 << at)) };
  });
  const save = async () => download(await zipOf(layers.map(({ at, now }) => ({ name: `${at}-${fileNameOf(now)}`, input: now.blob }))), "layers.zip");
  return html`
    <div class="stack" role="img" aria-label=${words.stack}>
      ${layers.map(({ now, on }) => html`<img src=${now.url} alt="" data-on=${on} />`)}
    </div>
    <button class="button button-quiet" type="button" onClick=${save}>${words.zip}</button>
    <div class="jobs">
      ${layers.toReversed().map(({ at, now, change, name, on }) => html`
        <div key=${at} class="layer" role="group" aria-label=${name}>
          <img src=${now.url} alt="" />
          <div>
            <label class="check"><input type="checkbox" checked=${on} onChange=${() => { off.value ^= 1 << at; }} />${name}</label>
            <${Changes} layer=${now} job=${change} />
          </div>
        </div>`)}
    </div>`;
}

/** @param {{layer: Picture, job?: Job}} props  job: the latest change */
function Changes({ layer, job }) {
  const words = wordsOf("layers");
  /** @param {Event} event */
  const onSubmit = (event) => {
    event.preventDefault();
    const order = draft.order({ operation: "edit-layer", images: [layer.blob] });
    if (order && draft.model.value) start(order, draft.model.value, draft.view);
  };
  return html`
    <${PictureActions} picture=${layer} draft=${layer.order.operation === "decompose" ? drafts.layers : draft} />
    <details name="change">
      <summary>${words.change}</summary>
      <form onSubmit=${onSubmit}>
        <${PromptField} draft=${draft} required label=${wordsOf("form").instruction} />
        <${ModelField} draft=${draft} />
        <button class="button button-quiet" type="submit">${words.apply}</button>
      </form>
    </details>
    ${job && html`<${JobCard} key=${job.id} job=${job} draft=${draft} removal=${job.pictures[0] && words.undo}>${""}<//>`}`;
}
