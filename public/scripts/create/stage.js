/** The stage: one job large, the film of the others below it; and ideas where there is none, or for the asking. */

import { jobs } from "../state/jobs.js";
import { wordsOf } from "../state/language.js";
import { html, useRef, useSignal } from "../ui/html.js";
import { useFollowing } from "../watch/follow.js";
import { JobCard } from "../watch/job-card.js";
import { Film } from "./film.js";
import { Ideas } from "./ideas.js";
import { useKept } from "./kept.js";

/** @param {{title: string, draft: Draft, onIdea: (example: Example, fillOnly: boolean) => void}} props */
export function Stage({ title, draft, onIdea }) {
  const words = wordsOf("stage");
  const kept = useKept();
  const mine = jobs.value.filter(({ view }) => view === draft.view);
  const [newest] = mine;
  /** @type {Signal<{what: Job | "ideas", since: Job} | null>} what was chosen to be seen, until a newer job begins */
  const choice = useSignal(null);
  const chosen = choice.value?.since === newest ? choice.value?.what : undefined;
  const ideas = !newest || chosen === "ideas";
  const shown = mine.find((job) => job === chosen) ?? newest;
  /** @type {Ref<HTMLHeadingElement>} */
  const heading = useRef(null);
  useFollowing(newest, heading);

  return html`
    <section class="result stage" aria-labelledby="result-heading">
      <h2 id="result-heading" tabindex="-1" ref=${heading}>${ideas ? words.question : title}</h2>
      ${ideas
        ? html`<${Ideas} kept=${kept} onChoose=${onIdea} />`
        : html`<${JobCard} key=${shown.id} job=${shown} draft=${draft} />`}
      <${Film} jobs=${mine} shown=${ideas ? "ideas" : shown} kept=${kept} onChoose=${(/** @type {Job | "ideas"} */ what) => { choice.value = { what, since: newest }; }} />
    </section>`;
}
