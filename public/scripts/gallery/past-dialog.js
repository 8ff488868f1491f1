/** One picture of the past, and all that was asked for. */

import { isOneRequest } from "../gateway/orders.js";
import { drafts } from "../state/draft.js";
import { wordsOf } from "../state/language.js";
import { shorten } from "../state/pictures.js";
import { useBlobUrl } from "../ui/blob-url.js";
import { Dialog } from "../ui/dialog.js";
import { html } from "../ui/html.js";
import { describeTime } from "../ui/numbers.js";
import { Veil } from "../ui/veil.js";
import { Caption } from "../watch/job-card.js";
import { Confirm } from "./confirm.js";

const TITLE = 80;
const NOTHING = new Blob();

/** @param {{row: Past, onDelete: () => void, onClose: () => void}} props */
export function PastDialog({ row, onDelete, onClose }) {
  const words = wordsOf("gallery");
  const labels = /** @type {Record<string, string>} */ ({ ...wordsOf("form"), ...words });
  const { order, blob = NOTHING } = row;
  const made = useBlobUrl(blob);
  const confirm = () => html`<${Confirm} label=${words.remove} question=${words.removeAsk} onConfirm=${onDelete} />`;
  const url = row.url ?? made;
  const { size: _, seed: _known, ...asked } = order.parameters; // what became of them is told with the picture
  const facts = { made: describeTime(row.createdAt), provider: row.provider, template: order.style?.name, ...asked };
  return html`
    <${Dialog} title=${shorten(order.prompt, TITLE) || words.title} close=${words.close} wide onClose=${onClose}>
      <div class="past">
        <div class="tray" ref=${(/** @type {HTMLElement | null} */ tray) => tray?.style.setProperty("--shape", `${row.width} / ${row.height}`)}>
          <img src=${url} alt=${shorten(order.prompt) || words.title} /><${Veil} />
        </div>
        <div>
          ${order.prompt.length > TITLE && html`<p class="past-prompt" dir="auto">${order.prompt}</p>`}
          ${isOneRequest(order) ? html`<${Caption} picture=${{ ...row, blob, url }} draft=${order.operation === "generate" ? drafts.create : drafts.edit} extra=${confirm} />` : confirm()}
          <dl class="facts">
            ${Object.entries(facts).map(([name, value]) => value && html`<div><dt>${labels[name] ?? name}</dt><dd>${value}</dd></div>`)}
          </dl>
        </div>
      </div>
    <//>`;
}
