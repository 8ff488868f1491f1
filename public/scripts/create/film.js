/** The film below the stage: earlier jobs of this page, then the pictures that were kept before. */

import { nameOf } from "../state/catalog.js";
import { wordsOf } from "../state/language.js";
import { shorten } from "../state/pictures.js";
import { BlobImage } from "../ui/blob-image.js";
import { html } from "../ui/html.js";
import { openViewer } from "../watch/full-size.js";
import { describeJob, fractionOf } from "../watch/progress.js";

const MOST = 24;

/** @param {{jobs: Job[], shown: Job | undefined, kept: Kept[], onChoose: (job: Job) => void}} props */
export function Film({ jobs, shown, kept, onChoose }) {
  const here = new Set(jobs.flatMap(({ pictures }) => pictures.map(({ keptId }) => keptId)));
  const earlier = jobs.length > 1 ? jobs : [];
  const before = kept.filter(({ id }) => !here.has(id)).slice(0, MOST);
  if (earlier.length + before.length === 0) return null;
  return html`
    <ul class="film" aria-label=${wordsOf("stage").film}>
      ${earlier.map((job) => html`
        <li key=${job.id}><button type="button" aria-current=${job === shown ? "true" : undefined} onClick=${() => onChoose(job)}><${Frame} job=${job} /></button></li>`)}
      ${before.map((row, at) => html`
        <li key=${row.id}>
          <button type="button" aria-haspopup="dialog" onClick=${() => openViewer(before, at)}>
            <${BlobImage} blob=${row.thumbnail} alt=${shorten(row.order.prompt || nameOf(row.model), 90)} />
          </button>
        </li>`)}
    </ul>`;
}

/** @param {{job: Job}} props */
function Frame({ job }) {
  const [picture] = job.pictures;
  const name = shorten(job.order.prompt || nameOf(job.model.id), 90);
  return html`
    ${picture && html`<img src=${picture.url} alt=${name} />`}
    ${(!picture || job.isRunning) && html`
      <span class="visually-hidden">${picture ? "" : name} ${describeJob(job)}</span>
      <span aria-hidden="true">${job.isRunning ? `${Math.round(100 * (fractionOf(job.slots.value) ?? 0))} %` : "!"}</span>`}
    ${!job.isRunning && job.pictures.length > 1 && html`<span aria-hidden="true">×${job.pictures.length}</span>`}`;
}
