/** The head of the page: its name, the views, the language. */

import { choose, language, LANGUAGES, wordsOf } from "../state/language.js";
import { runningCount } from "../state/jobs.js";
import { html } from "../ui/html.js";
import { view, VIEWS } from "./views.js";
import { WORDS } from "./words.js";

export function Masthead() {
  const words = wordsOf(WORDS);
  const running = runningCount.value;
  return html`
    <header class="masthead">
      <a class="skip" href="#main" onClick=${skip}>${words.skip}</a>
      <h1>Darkroom</h1>
      <nav class="views" aria-label=${words.views}>
        ${VIEWS.map((name) => html`
          <a key=${name} href=${`#${name}`} aria-current=${name === view.value ? "page" : undefined}>
            ${words[name]}${name === "create" && running > 0 && html`
              <span class="count" title=${words.running(running)}>${running}<span class="visually-hidden"> ${words.running(running)}</span></span>`}
          </a>`)}
      </nav>
      <div class="masthead-end">
        <a href="/docs">${words.api}</a>
        <${LanguageChoice} label=${words.language} />
      </div>
    </header>`;
}

/** @param {{label: string}} props */
function LanguageChoice({ label }) {
  const names = /** @type {import("../state/language.js").Language[]} */ (Object.keys(LANGUAGES));
  return html`
    <div class="choice" role="group" aria-label=${label}>
      ${names.map((name) => html`
        <button key=${name} type="button" lang=${name} aria-pressed=${name === language.value} onClick=${() => choose(name)}>
          ${LANGUAGES[name]}
        </button>`)}
    </div>`;
}

/** The hash is the view's, so the link only moves the focus. @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
