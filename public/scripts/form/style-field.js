/** A style from the gateway's templates: a button that opens the list, which is loaded then. */

import { templates } from "../state/catalog.js";
import { wordsOf } from "../state/language.js";
import { describeStyle } from "../state/styles.js";
import { html, useId, useSignal } from "../ui/html.js";

/** @param {{draft: Draft}} props */
export function StyleField({ draft }) {
  const words = wordsOf("form");
  const [name, value, hint] = [useId(), useId(), useId()];
  /** @type {Signal<Component | null>} */
  const dialog = useSignal(null);
  const chosen = draft.style.value;
  const known = templates.value.find((template) => template.name === chosen?.name);
  const { label, about = "" } = known ? describeStyle(known) : { label: chosen?.name ?? words.noStyle };
  const open = async () => {
    const { StyleDialog } = await import("./style-dialog.js");
    dialog.value = /** @type {any} */ (StyleDialog);
  };
  const close = () => { dialog.value = null; };
  /** @param {Style | null} style */
  const choose = (style) => {
    draft.style.value = style;
    close();
  };
  return html`
    <div class="field">
      <span class="label" id=${name}>${words.template}</span>
      <button class="button style-button" type="button" aria-haspopup="dialog" aria-labelledby=${`${name} ${value}`} aria-describedby=${hint} onClick=${open}>
        <span id=${value}>${label}</span>
      </button>
      <p class="hint" id=${hint}>${about && `${about}. `}${chosen ? words.styleHint : ""}</p>
      ${dialog.value && html`<${dialog.value} chosen=${chosen?.name} onChoose=${choose} onClose=${close} />`}
    </div>`;
}
