/** The jobs of a view, newest first, each with its pictures. */

import { html, useRef } from "../ui/html.js";
import { useFollowing } from "./follow.js";
import { JobCard } from "./job-card.js";

/**
 * @param {{title: string, empty: string, jobs: Job[], draft: Draft, extra?: Extra, elsewhere?: boolean, body?: (props: {job: Job}) => Children}} props
 *   `elsewhere`: the newest is followed there; `extra`: what this view offers for a finished picture beside the usual; `body`: shows the pictures in a way of its own
 */
export function JobList({ title, empty, jobs, draft, extra, elsewhere, body }) {
  /** @type {Ref<HTMLHeadingElement>} */
  const heading = useRef(null);
  useFollowing(jobs[0], heading, elsewhere);

  return html`
    <section class="result" aria-labelledby="result-heading">
      <h2 id="result-heading" tabindex="-1" ref=${heading}>${title}</h2>
      ${jobs.length === 0
        ? html`<div class="tray"><p class="tray-note">${empty}</p></div>`
        : html`<ol class="jobs">${jobs.map((job) => html`<li key=${job.id}><${JobCard} job=${job} draft=${draft} extra=${extra}>${body && job.pictures[0] ? html`<${body} job=${job} />` : undefined}<//></li>`)}</ol>`}
    </section>`;
}
