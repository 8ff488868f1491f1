/** A button that copies, and says whether it could. */

import { announce } from "../app/announcer.js";
import { wordsOf } from "../state/language.js";
import { html, useSignal } from "../ui/html.js";

/** @param {{label: string, copy: () => Promise<void>}} props */
export function CopyButton({ label, copy }) {
  const words = wordsOf("copying");
  const said = useSignal("");
  const onClick = async () => {
    try {
      await copy();
      said.value = words.copied;
    } catch {
      said.value = words.notCopied;
    }
    announce(said.value, true);
  };
  return html`<button class="button button-quiet" type="button" onClick=${onClick} onBlur=${() => { said.value = ""; }}>${said.value || label}</button>`;
}
