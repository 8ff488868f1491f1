/** The pictures of chained edits, from the first to the latest: each can be taken up again. */

import { fill, wordsOf } from "../state/language.js";
import { BlobImage } from "../ui/blob-image.js";
import { html } from "../ui/html.js";

/** @param {{draft: EditDraft, compared?: Signal<boolean>}} props  compared: whether the latest is shown beside the one before */
export function Versions({ draft, compared }) {
  const words = wordsOf("edit");
  const [steps, [image]] = [draft.steps.value, draft.images.value];
  if (steps.length < (image ? 2 : 1)) return null;
  return html`
    <div class="versions" role="group" aria-label=${words.versions}>
      ${steps.map((step, at) => html`
        <button key=${at} type="button" aria-label=${fill(words.version, { number: at + 1 })} aria-pressed=${step === image} onClick=${() => draft.show(step)}>
          <${BlobImage} blob=${step} alt="" loading="lazy" />
        </button>`)}
      ${compared && draft.step(-1) && html`
        <button class="button button-quiet" type="button" aria-pressed=${compared.value} onClick=${() => { compared.value = !compared.value; }}>${words.slider}</button>`}
    </div>`;
}
