/** The card that says what went wrong, what to do, and which request to ask about. */

import { fill, wordsOf } from "../state/language.js";
import { html } from "./html.js";
import { describeSeconds, describeTime } from "./numbers.js";

/** How long to wait, and until when. @param {number} seconds */
const timesOf = (seconds) => ({ time: describeSeconds(seconds), clock: describeTime(Date.now() + seconds * 1000) });

/**
 * @param {{title: string, failure: Failure, told?: string, advice?: string, children?: Children}} props
 *   `told` and `advice`: where the place knows better than the failure what is wrong, and what to do
 */
export function FailureCard({ title, failure, told, advice, children }) {
  const words = wordsOf("failure");
  const message = told ?? (failure.reason ? fill(words[failure.reason], { status: failure.status ?? 0 }) : null);
  const help = advice ?? fill(words[failure.advice], timesOf(failure.retryAfterS ?? 0));
  const report = failure.advice === "retry" && failure.requestId ? ` ${words.report}` : "";
  return html`
    <div class="card failure" role="alert">
      <p class="failure-title">${title}</p>
      <p>${message ?? frame(words.says, html`<span lang="en" dir="auto">${failure.message}</span>`)}</p>
      <p>${help}${report}</p>
      ${failure.tried.length > 0 && html`<p class="hint">${fill(words.tried, { names: failure.tried.join(", ") })}</p>`}
      ${(failure.code || failure.requestId) && html`
        <dl class="facts">
          ${failure.code && html`<div><dt>${words.code}</dt><dd>${failure.code}</dd></div>`}
          ${failure.requestId && html`<div><dt>${words.requestId}</dt><dd>${failure.requestId}</dd></div>`}
        </dl>`}
      ${children}
    </div>`;
}

/** A sentence around words of others, which stay as they are. @param {string} sentence @param {Children} words */
function frame(sentence, words) {
  const [before, after] = sentence.split("{message}");
  return [before, words, after];
}
