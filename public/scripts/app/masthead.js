/** The head of the page: its name, the views, and what is set for all of it; on a phone the views are at its foot. */

import { choose, language, fill, LANGUAGES, wordsOf } from "../state/language.js";
import { runningCount } from "../state/jobs.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { phone } from "./screen.js";
import { view, VIEWS } from "./views.js";

export function Masthead() {
  const words = wordsOf("app");
  const running = runningCount.value;
  const counted = fill(running === 1 ? words.runningOne : words.running, { count: running });
  return html`
    <header class="masthead">
      <a class="skip" href="#main" onClick=${skip}>${words.skip}</a>
      <h1>Darkroom</h1>
      <nav class="views" aria-label=${words.views}>
        ${VIEWS.map((name) => html`
          <a key=${name} href=${`#${name}`} aria-current=${name === view.value ? "page" : undefined}>
            ${phone.value && html`<${Icon} name=${name} />`}<span>${words[name]}</span>${name === "create" && running > 0 && html`
              <span class="count" title=${counted}>${running}<span class="visually-hidden"> ${counted}</span></span>`}
          </a>`)}
      </nav>
      ${phone.value && html`
        <button class="button button-icon" type="button" aria-label=${words.settings} popovertarget="masthead-end"><${Icon} name="more" /></button>`}
      <div class="masthead-end" id="masthead-end" popover=${phone.value ? "auto" : undefined}>
        <a href="/docs">${words.api}</a>
        <${LanguageChoice} label=${words.language} />
      </div>
    </header>`;
}

/** @param {{label: string}} props */
function LanguageChoice({ label }) {
  const names = /** @type {Language[]} */ (Object.keys(LANGUAGES));
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
