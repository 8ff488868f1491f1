/** What adds this gateway to an agent, by the Model Context Protocol. Keys are left for the reader to put in. */

import setups from "../../words/agents.json" with { type: "json" };
import { CopyButton } from "../copying/copy-button.js";
import { Choice } from "../form/fields.js";
import { keys } from "../state/keys.js";
import { fill, wordsOf } from "../state/language.js";
import { html, useSignal } from "../ui/html.js";

/** @type {Record<string, {keyed: string, plain: string}>} */
const SETUPS = setups;

export function Agents() {
  const words = wordsOf("keys");
  const names = Object.keys(SETUPS);
  const chosen = useSignal(names[0] ?? "");
  const isKeyed = Object.keys(keys.value).length > 0;
  const setup = SETUPS[chosen.value];
  const text = fill((isKeyed ? setup?.keyed : setup?.plain) ?? "", { origin: location.origin });
  return html`
    <section class="agents" aria-label=${words.agents}>
      <h3>${words.agents}</h3>
      <p class="hint">${words.agentsLead}</p>
      <${Choice} label=${words.agent} values=${names} value=${chosen.value}
        onChoose=${(/** @type {string} */ name) => { chosen.value = name; }} />
      <pre class="card" tabindex="0"><code>${text}</code></pre>
      ${isKeyed && html`<p class="hint">${words.agentsKey}</p>`}
      <${CopyButton} label=${words.copySetup} copy=${() => navigator.clipboard.writeText(text)} />
    </section>`;
}
