/** The pictures to work on, and in which order they go: the first is changed, the others are references. */

import { fill, wordsOf } from "../state/language.js";
import { BlobImage } from "../ui/blob-image.js";
import { html, useRef } from "../ui/html.js";
import { receive } from "./receive.js";

/** @param {{draft: EditDraft}} props */
export function Sources({ draft }) {
  const words = wordsOf("edit");
  const [images, most] = [draft.images.value, draft.most.value];
  const some = images.length > 0;
  const field = useRef(/** @type {any} */ (null));

  const change = (at = 0, count = 1, instead = images.slice(0, 0)) => {
    draft.images.value = images.toSpliced(at, count, ...instead);
    draft.refused.value = "";
    field.current.focus();
  };
  const button = (text = "", label = "", /** @type {Parameters<typeof change>} */ ...changed) => html`
    <button class="button button-quiet" type="button" aria-label=${label} onClick=${() => change(...changed)}>${text}</button>`;
  return html`
    <div class=${some ? "card sources" : "tray"}>
      ${images.map((image, at) => html`
        <figure key=${at} onKeyDown=${(/** @type {KeyboardEvent} */ { key }) => key === "Delete" && change(at)}>
          <${BlobImage} blob=${image} alt=${fill(words.picture, { number: at + 1 })} />
          <figcaption>${fill(at ? words.reference : words.picture, { number: at + 1 })}</figcaption>
          <div class="tools">
            ${at > 0 && button("←", fill(words.earlier, { number: at + 1 }), at - 1, 2, [image, images[at - 1]])}
            ${button(words.remove, fill(words.removePicture, { number: at + 1 }), at)}
          </div>
        </figure>`)}
      <div class=${some ? "hint" : "tray-note"}>
        <p>${some ? fill(words.takes, { most }) : words.drop}</p>
        <label class="button button-quiet">${some && most > 1 ? words.addReference : words.choose}
          <input ref=${field} class="visually-hidden" type="file" multiple accept="image/png,image/jpeg,image/webp,image/avif,image/gif"
            onChange=${() => { void receive([...field.current.files], draft); field.current.value = ""; }} />
        </label>
        <p class="problem">${draft.refused.value}</p>
      </div>
    </div>`;
}
