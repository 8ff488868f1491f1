/** Brings pictures into the gallery from files, and says what became of them. */

import { announce } from "../app/announcer.js";
import { fill, wordsOf } from "../state/language.js";
import { html, useRef, useSignal } from "../ui/html.js";

const MOST_NAMES = 5;

export function ImportButton() {
  const words = wordsOf("gallery");
  /** @type {Ref<HTMLInputElement>} */
  const input = useRef(null);
  const said = useSignal("");
  const busy = useSignal(false);
  /** @param {At<HTMLInputElement>} event */
  const onChange = async ({ currentTarget }) => {
    const files = [...currentTarget.files ?? []];
    currentTarget.value = ""; // the same may be chosen again
    busy.value = true;
    const { importFiles } = await import("./import.js");
    const { added, known, refused } = await importFiles(files);
    busy.value = false;
    said.value = [
      fill(words.imported, { count: added }),
      known > 0 && fill(words.importedKnown, { count: known }),
      refused.length > 0 && fill(words.importRefused, { names: refused.slice(0, MOST_NAMES).join(", ") }),
    ].filter(Boolean).join(" ");
    announce(said.value, true);
  };
  return html`
    <button class="button button-quiet" type="button" title=${words.importHint} aria-disabled=${busy.value} onClick=${() => busy.value || input.current?.click()}>${busy.value ? words.importing : words.import}</button>
    <input hidden type="file" multiple accept=".zip,application/zip,image/png,image/jpeg,image/webp" ref=${input} onChange=${onChange} />
    ${said.value && html`<span class="hint">${said.value}</span>`}`;
}
