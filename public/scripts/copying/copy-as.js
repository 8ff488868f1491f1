/** The exact request of an order, to be sent from elsewhere. */

import { requestOf } from "../gateway/orders.js";
import { authorizationOf, modelOf, prefixesOf } from "../state/catalog.js";
import { fill, wordsOf } from "../state/language.js";
import { Choice } from "../form/fields.js";
import { Dialog } from "../ui/dialog.js";
import { download } from "../ui/download.js";
import { html, signal, useSignal } from "../ui/html.js";
import { CopyButton } from "./copy-button.js";
import { SNIPPETS, snippetOf } from "./snippets.js";

const chosen = signal("curl");

/** @param {{order: () => Order | null}} props */
export function CopyAs({ order }) {
  /** @type {Signal<Order | null>} */
  const shown = useSignal(null);
  /** What is being written in a form must be whole. @param {At<HTMLButtonElement>} event */
  const open = ({ currentTarget: { form } }) => {
    if (form?.reportValidity() ?? true) shown.value = order();
  };
  return html`
    <button class="button button-quiet" type="button" onClick=${open}>${wordsOf("copying").open}</button>
    ${shown.value && html`<${CopyDialog} order=${shown.value} onClose=${() => { shown.value = null; }} />`}`;
}

/** @param {{order: Order, onClose: () => void}} props */
export function CopyDialog({ order, onClose }) {
  const words = wordsOf("copying");
  const model = modelOf(order.model);
  const keyed = Boolean(model && (model.token?.required || authorizationOf(model)));
  const lost = order.operation !== "generate" && !order.images?.length; // what was worked on is not kept
  const request = requestOf(lost ? { ...order, images: [new Blob()] } : order);
  const text = snippetOf(chosen.value, request, keyed);
  return html`
    <${Dialog} title=${words.title} close=${words.close} onClose=${onClose}>
      <${Choice} label=${words.language} values=${Object.keys(SNIPPETS)} value=${chosen.value}
        onChoose=${(/** @type {string} */ name) => { chosen.value = name; }} />
      <pre class="card" tabindex="0"><code>${text}</code></pre>
      ${keyed && model && html`<p class="hint">${fill(words.key, { prefix: prefixesOf(model)[0] })}</p>`}
      ${request.files.length > 0 && html`<p class="hint">${lost ? words.lost : words.files}</p>`}
      <div class="tools">
        <${CopyButton} label=${words.copy} copy=${() => navigator.clipboard.writeText(text)} />
        ${!lost && request.files.map(({ file, filename }) => html`
          <button class="button button-quiet" type="button" onClick=${() => download(file, filename)}>${filename}</button>`)}
      </div>
    <//>`;
}
