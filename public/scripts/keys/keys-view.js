/** The reader's own keys, and how long they are kept. */

import { announce } from "../app/announcer.js";
import { ModelsFailure } from "../form/models-failure.js";
import { providers } from "../state/catalog.js";
import { forgetKeys, GATEWAY, remembered, setRemembered } from "../state/keys.js";
import { wordsOf } from "../state/language.js";
import { html, useId, useSignal } from "../ui/html.js";
import { Agents } from "./agents.js";
import { IssuedKeys } from "./issued-keys.js";
import { KeyField } from "./key-field.js";

export function KeysView() {
  const words = wordsOf("keys");
  const hint = useId();
  const round = useSignal(0); // each begins with empty fields
  // A server that is open to everybody needs none.
  const takers = providers.value.filter(({ configured, usable, token }) => configured && (token.required || token.page || !usable));
  const byPrefix = Map.groupBy(takers, ({ token }) => token.prefix);
  const forget = () => {
    forgetKeys();
    round.value += 1;
    announce(words.forgotten, true);
  };
  return html`
    <div class="bench">
      <section>
        <h2>${words.title}</h2>
        <p>${words.lead}</p>
        <p class="hint">${words.several}</p>
        <label class="check">
          <input type="checkbox" checked=${remembered.value} aria-describedby=${hint}
            onChange=${(/** @type {At<HTMLInputElement>} */ event) => setRemembered(event.currentTarget.checked)} />
          ${words.remember}
        </label>
        <p class="hint" id=${hint}>${words.rememberHint}</p>
        <button class="button button-quiet" onClick=${forget}>${words.forget}</button>
        <${Agents} />
      </section>
      <div class="keys" key=${round.value}>
        <${KeyField} prefix=${GATEWAY} rows=${[]} />
        ${[...byPrefix].map(([prefix, rows]) => html`<${KeyField} key=${prefix} prefix=${prefix} rows=${rows} />`)}
        <${ModelsFailure} />
        <${IssuedKeys} />
      </div>
    </div>`;
}
