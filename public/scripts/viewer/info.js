/** All that is known of a picture: what was asked for, in full, and what became of it. */

import { go } from "../app/views.js";
import { CopyAs } from "../copying/copy-as.js";
import { CopyButton } from "../copying/copy-button.js";
import { linkTo } from "../copying/links.js";
import { isOneRequest } from "../gateway/orders.js";
import { nameOf, providerOf } from "../state/catalog.js";
import { drafts } from "../state/draft.js";
import { wordsOf } from "../state/language.js";
import { html } from "../ui/html.js";
import { describeSeconds, describeTime } from "../ui/numbers.js";

/** @param {{picture: Picture | Past, onLeave: () => void}} props */
export function Info({ picture, onLeave }) {
  const words = wordsOf("viewer");
  const labels = /** @type {Record<string, string>} */ ({ ...wordsOf("form"), ...wordsOf("watch"), ...wordsOf("gallery"), size: words.size, time: words.time });
  const { order, seed, model, provider, width, height, elapsedS } = picture;
  const { size: _, seed: _known, n: _count, ...asked } = order.parameters; // what became of them is told
  const facts = {
    size: `${width} × ${height}`,
    seed,
    model: nameOf(model ?? order.model),
    provider: providerOf(provider),
    time: elapsedS > 0 && describeSeconds(elapsedS, 1),
    made: "createdAt" in picture && describeTime(picture.createdAt),
    template: order.style?.name,
    ...asked,
  };
  /** With the seed that was really used, so that the same picture comes again. */
  const exact = seed === null ? order : { ...order, parameters: { ...order.parameters, seed } };
  const reuse = () => {
    const draft = order.operation === "generate" ? drafts.create : drafts.edit;
    draft.reuse(exact);
    onLeave();
    go(/** @type {View} */ (draft.view));
  };
  return html`
    <section class="viewer-info" aria-label=${words.info} tabindex="0">
      ${order.prompt && html`<p class="viewer-prompt" dir="auto">${order.prompt}</p>`}
      <dl class="facts">
        ${Object.entries(facts).map(([name, value]) => (value || value === 0) && html`<div><dt>${labels[name] ?? name}</dt><dd>${value}</dd></div>`)}
      </dl>
      ${isOneRequest(order) && html`
        <div class="tools">
          <button class="button button-quiet" type="button" onClick=${reuse}>${labels.reuse}</button>
          ${order.operation === "generate" && html`<${CopyButton} label=${labels.copyLink} copy=${() => navigator.clipboard.writeText(linkTo(order, seed))} />`}
          <${CopyAs} order=${() => exact} />
        </div>`}
    </section>`;
}
