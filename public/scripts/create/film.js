/** The film below the stage: earlier jobs of this page, then the pictures that were kept before. */

import { nameOf } from "../state/catalog.js";
import { wordsOf } from "../state/language.js";
import { shorten } from "../state/pictures.js";
import { BlobImage } from "../ui/blob-image.js";
import { carrying } from "../ui/carried.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { openViewer } from "../ui/viewer.js";
import { describeJob, fractionOf } from "../watch/progress.js";

const MOST = 24;

/**
 * @param {{jobs: Job[], shown?: Job | "ideas", kept: Kept[], onChoose?: (what: Job | "ideas") => void, onPick?: (row: Kept) => void}} props
 *   `onPick`: what is done with a kept one, instead of opening it
 */
export function Film({ jobs, shown, kept, onChoose = () => {}, onPick }) {
  const here = new Set(jobs.flatMap(({ pictures }) => pictures.map(({ keptId }) => keptId)));
  const before = kept.filter(({ id }) => !here.has(id)).slice(0, MOST);
  if (jobs.length + before.length === 0) return null;
  const words = wordsOf("stage");
  return html`
    <ul class="film" aria-label=${words.film}>
      ${jobs.length > 0 && html`
        <li><button class="to-ideas" type="button" aria-pressed=${shown === "ideas"} onClick=${() => onChoose("ideas")}><${Icon} name="create" />${words.ideas}</button></li>`}
      ${jobs.map((job) => html`<li key=${job.id} ...${carrying(job.pictures[0]?.blob)}><${Frame} job=${job} shown=${job === shown} onChoose=${() => onChoose(job)} /></li>`)}
      ${before.map((row, at) => html`
        <li key=${row.id} ...${carrying(row.blob)}>
          <button type="button" aria-haspopup=${onPick ? undefined : "dialog"} aria-label=${shorten(row.order.prompt || nameOf(row.model), 90)}
            onClick=${() => (onPick ? onPick(row) : openViewer(before, at))}>
            <${BlobImage} blob=${row.thumbnail} alt="" draggable=${false} />
          </button>
        </li>`)}
    </ul>`;
}

/** @param {{job: Job, shown: boolean, onChoose: () => void}} props */
function Frame({ job, shown, onChoose }) {
  const [picture] = job.pictures;
  const { isRunning, pictures } = job;
  const name = shorten(job.order.prompt || nameOf(job.model.id), 90);
  const note = isRunning ? `${Math.round(100 * (fractionOf(job.slots.value) ?? 0))} %` : !picture ? "!" : pictures.length > 1 && `×${pictures.length}`;
  return html`
    <button type="button" aria-current=${shown ? "true" : undefined} onClick=${onChoose}>
      <span class="visually-hidden">${isRunning || !picture ? `${name}: ${describeJob(job)}` : name}</span>
      ${picture && html`<img src=${picture.url} alt="" draggable=${false} />`}
      ${note && html`<span class="note" aria-hidden="true">${note}</span>`}
    </button>`;
}
