/** What became of a picture's wishes, in one line; a click copies its seed. */

import { announce } from "../app/announcer.js";
import { nameOf } from "../state/catalog.js";
import { wordsOf } from "../state/language.js";
import { html, useSignal } from "../ui/html.js";
import { describeSeconds } from "../ui/numbers.js";

/** @param {{picture: Picture}} props */
export function Facts({ picture: { width, height, model, elapsedS, seed } }) {
  const [words, copying] = [wordsOf("watch"), wordsOf("copying")];
  const said = useSignal("");
  const size = width === height ? `${width}²` : `${width} × ${height}`;
  const made = `${size} · ${describeSeconds(elapsedS, 1)}`;
  const by = model ? ` · ${nameOf(model)}` : "";
  if (seed === null) return html`<p class="facts-line" title=${made + by}>${made}${by}</p>`;
  const copy = async () => {
    said.value = await navigator.clipboard.writeText(String(seed)).then(() => copying.copied, () => copying.notCopied);
    announce(said.value, true);
  };
  return html`
    <button class="facts-line" type="button" title=${`${made}${by} · ${words.copySeed}`} onClick=${copy} onBlur=${() => { said.value = ""; }}>
      ${said.value || html`${made} · ${words.seed} <span class="seed-used">${seed}</span>${by}`}
    </button>`;
}
