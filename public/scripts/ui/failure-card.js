/** The card that says what went wrong, what to do, and which request to ask about. */

import { fill, wordsOf } from "../state/language.js";
import { html } from "./html.js";
import { describeSeconds } from "./numbers.js";

/**
 * @param {{title: string, failure: Failure, advice?: string, children?: Children}} props
 *   `advice`: where the place knows better than the failure what to do
 */
export function FailureCard({ title, failure, advice, children }) {
  const words = wordsOf("failure");
  const message = failure.reason ? fill(words[failure.reason], { status: failure.status ?? 0 }) : null;
  const help = advice ?? fill(words[failure.advice], { time: describeSeconds(failure.retryAfterS ?? 0) });
  const report = failure.advice === "retry" && failure.requestId ? ` ${words.report}` : "";
  return html`
    <div class="card failure" role="alert">
      <p class="failure-title">${title}</p>
      <p>${message ?? frame(words.says, html`<span lang="en" dir="auto">${failure.message}</span>`)}</p>
      <p>${help}${report}</p>
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
