/** The pictures to work on: dropped, pasted or chosen, and in which order they go. */

import { announce } from "../app/announcer.js";
import { fill, wordsOf } from "../state/language.js";
import { BlobImage } from "../ui/blob-image.js";
import { redrawn } from "../ui/download.js";
import { html, useEffect, useRef, useSignal } from "../ui/html.js";

/** @param {{draft: EditDraft, most: number}} props */
export function Sources({ draft, most }) {
  const words = wordsOf("edit");
  const images = draft.images.value;
  const some = images.length > 0;
  const problem = useSignal("");
  const field = useRef(/** @type {any} */ (null));

  const add = async (/** @type {File[]} */ files) => {
    const refused = [];
    for (const file of files) {
      const picture = await redrawn(file, /jpeg|webp/.test(file.type) ? file.type : undefined).catch(() => null);
      const known = draft.images.value;
      if (picture && known.length < most) draft.images.value = [...known, picture];
      else refused.push(fill(picture ? words.full : words.noPicture, { name: file.name, most }));
    }
    problem.value = refused.join(" ");
    announce(problem.value || fill(words.picture, { number: draft.images.value.length }), true);
  };
  useEffect(() => {
    const listening = new AbortController();
    /** @param {any} event */
    const onFiles = (event) => {
      const { types, files } = event.dataTransfer ?? event.clipboardData;
      if (!types.includes("Files") || (types.includes("text/plain") && event.target.type === "textarea")) return;
      event.preventDefault(); // or the browser leaves the page for the file
      if (event.type !== "dragover") void add([...files]);
    };
    for (const kind of ["paste", "dragover", "drop"]) document.addEventListener(kind, onFiles, listening);
    return () => listening.abort();
  }, [most, words]);

  const button = (text = "", label = "", at = 0, count = 1, instead = images.slice(0, 0)) => html`
    <button class="button button-quiet" type="button" aria-label=${label} onClick=${() => {
      draft.images.value = images.toSpliced(at, count, ...instead);
      problem.value = "";
      field.current.focus();
    }}>${text}</button>`;
  return html`
    <div class=${some ? "card" : "tray"}>
      ${some && html`
        <div class="tools">
          ${images.map((image, at) => html`
            <figure key=${at}>
              <${BlobImage} blob=${image} alt=${fill(words.picture, { number: at + 1 })} />
              <div class="tools">
                ${at > 0 && button("←", fill(words.earlier, { number: at + 1 }), at - 1, 2, [image, images[at - 1]])}
                ${button(words.remove, fill(words.removePicture, { number: at + 1 }), at)}
              </div>
            </figure>`)}
        </div>`}
      <div class=${some ? "hint" : "tray-note"}>
        <p>${some ? fill(words.takes, { most }) : words.drop}</p>
        <label class="button button-quiet">${words.choose}
          <input ref=${field} class="visually-hidden" type="file" multiple accept="image/png,image/jpeg,image/webp"
            onChange=${() => { void add([...field.current.files]); field.current.value = ""; }} />
        </label>
        <p class="problem">${problem.value}</p>
      </div>
    </div>`;
}
