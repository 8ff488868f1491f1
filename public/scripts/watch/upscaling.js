/** A picture that is being enlarged, beside what it was: to be kept, or not. */

import { announce } from "../app/announcer.js";
import { keep } from "../state/gallery.js";
import { dismiss, jobs } from "../state/jobs.js";
import { wordsOf } from "../state/language.js";
import { html } from "../ui/html.js";
import { BESIDE } from "./vary.js";

/** @param {Picture | null} picture  @returns {Job | undefined} that enlarges it */
export function upscalingOf(picture) {
  return picture ? jobs.value.find(({ view, order }) => view === BESIDE && order.images?.[0] === picture.blob) : undefined;
}

/** @param {{job: Job, draft: Draft, Card: Component}} props  Card: of a job that runs */
export function Upscaling({ job, draft, Card }) {
  const words = wordsOf("stage");
  const [picture] = job.pictures;
  if (!picture) return html`<${Card} job=${job} draft=${draft} removal=${words.discard}>${""}<//>`;
  const take = async () => {
    job.view = draft.view === "compare" ? "create" : draft.view;
    jobs.value = [job, ...jobs.value.filter((other) => other !== job)];
    announce(words.kept, true);
    document.getElementById("result-heading")?.focus();
    picture.keptId = await keep(picture);
  };
  return html`
    <p class="upscaled">${picture.width} × ${picture.height}</p>
    <div class="tools">
      <button class="button button-quiet" type="button" onClick=${take}>${words.keep}</button>
      <button class="button button-quiet" type="button" onClick=${() => dismiss(job)}>${words.discard}</button>
    </div>`;
}
