/** What several models made of one prompt. */

import { Access } from "../form/model-field.js";
import { jobs } from "../state/jobs.js";
import { wordsOf } from "../state/language.js";
import { shorten } from "../state/pictures.js";
import { html } from "../ui/html.js";
import { JobCard } from "../watch/job-card.js";

/** @param {{orders: Order[], draft: Draft}} props */
export function Round({ orders, draft }) {
  const tries = orders.flatMap((order) => jobs.value.find((job) => job.order === order) ?? []);
  const done = tries.filter((job) => job.stage.value === "done").sort((one, other) => one.elapsed - other.elapsed);
  const over = done.length > 1 && tries.length === orders.length && !tries.some((job) => job.isRunning);
  return html`
    <section class="round" hidden=${tries.length === 0}>
      <h2 dir="auto">${shorten(orders[0].prompt, 90)}</h2>
      <ol class="jobs">
        ${tries.map((job) => html`
          <li key=${job.id}>
            <h3>${job.model.name} <${Access} model=${job.model} />${over && job === done[0] && html` <strong class="badge">${wordsOf("compare").fastest}</strong>`}</h3>
            <${JobCard} job=${job} draft=${draft} />
          </li>`)}
      </ol>
    </section>`;
}
