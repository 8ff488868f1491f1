/** The layers of a picture: together, and one by one. A change is a job on a layer's file: who takes the job back undoes it. */

import { announce } from "../app/announcer.js";
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
import { arrangementOf, flattened, moved } from "./arrangement.js";

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
  const placed = arrangementOf(job);
  const dragged = useSignal(-1);
  const layers = placed.value.map(({ at, on, opacity }) => {
    const layer = job.pictures[at];
    const changes = changesOf(layer);
    const [now = layer] = changes.flatMap(({ pictures }) => pictures).reverse();
    return { at, now, change: changes.at(-1), name: at ? fill(words.layer, { at }) : words.back, on, opacity };
  });
  const save = async () => download(await zipOf(layers.map(({ at, now }, place) => ({ name: `${place}-${at}-${fileNameOf(now)}`, input: now.blob }))), "layers.zip");
  const saveSeen = async () => download(await flattened(layers), "layers.png");
  /** @param {number} place @param {Partial<import("./arrangement.js").Placed>} change */
  const change = (place, change) => { placed.value = placed.value.with(place, { ...placed.value[place], ...change }); };
  const move = (/** @type {number} */ from, /** @type {number} */ to) => {
    placed.value = moved(placed.value, from, to);
    announce(fill(words.movedTo, { name: layers[from].name, place: layers.length - to }), true);
  };
  return html`
    <div class="stack" role="img" aria-label=${words.stack}>
      ${layers.map(({ at, now, on, opacity }) => html`
        <img key=${at} src=${now.url} alt="" data-on=${on} ref=${(/** @type {HTMLElement | null} */ image) => image?.style.setProperty("opacity", String(opacity))} />`)}
    </div>
    <div class="tools">
      <button class="button button-quiet" type="button" onClick=${saveSeen}>${words.flatten}</button>
      <button class="button button-quiet" type="button" onClick=${save}>${words.zip}</button>
    </div>
    <p class="hint">${words.order}</p>
    <div class="jobs">
      ${layers.map(({ at, now, change: latest, name, on, opacity }, place) => html`
        <div key=${at} class="layer" role="group" aria-label=${name} data-dragged=${place === dragged.value ? "" : undefined}
          onDragOver=${(/** @type {Event} */ event) => dragged.value >= 0 && event.preventDefault()}
          onDrop=${(/** @type {Event} */ event) => {
            if (dragged.value < 0) return;
            event.preventDefault();
            move(dragged.value, place);
          }}>
          <img src=${now.url} alt="" draggable=${true} title=${words.order}
            onDragStart=${() => { dragged.value = place; }} onDragEnd=${() => { dragged.value = -1; }} />
          <div>
            <div class="tools">
              <label class="check"><input type="checkbox" checked=${on} onChange=${() => change(place, { on: !on })} />${name}</label>
              <button class="button button-quiet" type="button" aria-label=${fill(words.forward, { name })} aria-disabled=${place === layers.length - 1} onClick=${() => move(place, place + 1)}>↑</button>
              <button class="button button-quiet" type="button" aria-label=${fill(words.backward, { name })} aria-disabled=${place === 0} onClick=${() => move(place, place - 1)}>↓</button>
              <label>${words.opacity}
                <input type="range" min="0" max="100" value=${opacity * 100} aria-valuetext=${`${Math.round(opacity * 100)} %`}
                  onInput=${(/** @type {At<HTMLInputElement>} */ { currentTarget }) => change(place, { opacity: currentTarget.valueAsNumber / 100 })} />
              </label>
            </div>
            <${Changes} layer=${now} job=${latest} />
          </div>
        </div>`).reverse()}
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
