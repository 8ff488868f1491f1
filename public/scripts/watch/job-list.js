/** The jobs of a view, newest first, each with its pictures. */

import { html, useEffect, useRef } from "../ui/html.js";
import { JobCard } from "./job-card.js";

/**
 * @param {{title: string, empty: string, jobs: Job[], draft: Draft, extra?: Extra, body?: (props: {job: Job}) => Children}} props
 *   `extra`: what this view offers for a finished picture beside the usual; `body`: shows the pictures in a way of its own
 */
export function JobList({ title, empty, jobs, draft, extra, body }) {
  const [newest] = jobs;
  const stage = newest?.stage.value;
  /** @type {Ref<HTMLHeadingElement>} */
  const heading = useRef(null);
  const wentOn = useRef(false);
  /** @type {{current: {job?: Job, running: boolean}}} */
  const seen = useRef({ job: newest, running: false });

  useEffect(() => {
    const onInput = () => { wentOn.current = true; };
    document.addEventListener("input", onInput);
    return () => document.removeEventListener("input", onInput);
  }, []);
  useEffect(() => {
    const { job, running } = seen.current;
    seen.current = { job: newest, running: newest?.isRunning ?? false };
    const section = heading.current?.parentElement;
    if (job !== newest && newest?.isRunning) {
      wentOn.current = false;
      section?.scrollIntoView({ block: "nearest" }); // on a phone it is below the form
    }
    // Who went on to write the next request keeps the focus; others are taken to the picture.
    if (job === newest && running && stage === "done" && !wentOn.current) heading.current?.focus({ preventScroll: true });
  }, [newest, stage]);

  return html`
    <section class="result" aria-labelledby="result-heading">
      <h2 id="result-heading" tabindex="-1" ref=${heading}>${title}</h2>
      ${jobs.length === 0
        ? html`<div class="tray"><p class="tray-note">${empty}</p></div>`
        : html`<ol class="jobs">${jobs.map((job) => html`<li key=${job.id}><${JobCard} job=${job} draft=${draft} extra=${extra}>${body && job.pictures[0] ? html`<${body} job=${job} />` : undefined}<//></li>`)}</ol>`}
    </section>`;
}
