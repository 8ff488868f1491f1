/** The jobs of a view, newest first, each with its pictures. */

import { html, useEffect, useRef } from "../ui/html.js";
import { JobCard } from "./job-card.js";

/**
 * @param {{title: string, empty: string, jobs: Job[], draft: Draft, extra?: Extra}} props
 *   `extra`: what this view offers for a finished picture beside the usual
 */
export function JobList({ title, empty, jobs, draft, extra }) {
  const [newest] = jobs;
  /** @type {{current: HTMLHeadingElement | null}} */
  const heading = useRef(null);
  const wentOn = useRef(false);
  const stage = newest?.stage.value;

  // Who went on to write the next request keeps the focus; others are taken to the picture.
  useEffect(() => {
    wentOn.current = false;
    const onInput = () => { wentOn.current = true; };
    document.addEventListener("input", onInput);
    return () => document.removeEventListener("input", onInput);
  }, [newest]);
  useEffect(() => {
    if (stage !== "done" || wentOn.current || performance.now() - (newest?.startedAt ?? 0) - (newest?.took.value ?? 0) * 1000 > 1000) return;
    heading.current?.focus({ preventScroll: true });
    heading.current?.closest(".result")?.scrollIntoView({ block: "nearest" });
  }, [stage]);

  return html`
    <section class="result" aria-labelledby="result-heading">
      <h2 id="result-heading" tabindex="-1" ref=${heading}>${title}</h2>
      ${jobs.length === 0
        ? html`<div class="tray"><p class="tray-note">${empty}</p></div>`
        : html`<ol class="jobs">${jobs.map((job) => html`<li key=${job.id}><${JobCard} job=${job} draft=${draft} extra=${extra} /></li>`)}</ol>`}
    </section>`;
}
