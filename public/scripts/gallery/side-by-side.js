/** Two to four kept pictures beside each other. */

import { nameOf } from "../state/catalog.js";
import { wordsOf } from "../state/language.js";
import { shorten } from "../state/pictures.js";
import { BlobImage } from "../ui/blob-image.js";
import { Dialog } from "../ui/dialog.js";
import { html } from "../ui/html.js";
import { describeSeconds } from "../ui/numbers.js";
import { Veil } from "../ui/veil.js";
import { titleOf } from "./print.js";

/** @param {{rows: Kept[], onClose: () => void}} props */
export function SideBySide({ rows, onClose }) {
  const words = wordsOf("gallery");
  return html`
    <${Dialog} title=${words.compare} close=${words.close} wide onClose=${onClose}>
      <div class="side-by-side">
        ${rows.map((row) => html`
          <figure key=${row.id}>
            <div class="veiled"><${BlobImage} blob=${row.blob} alt=${shorten(titleOf(row))} /><${Veil} of=${row} /></div>
            <figcaption>
              <p dir="auto">${shorten(titleOf(row), 120)}</p>
              <p class="hint">${[`${row.width} × ${row.height}`, nameOf(row.model), row.seed, row.elapsedS > 0 && describeSeconds(row.elapsedS, 1)].filter((fact) => fact || fact === 0).join(" · ")}</p>
            </figcaption>
          </figure>`)}
      </div>
    <//>`;
}
