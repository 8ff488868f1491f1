/** A modal dialog: the browser's own, with a heading and a way out. */

import { html, useEffect, useId, useRef } from "./html.js";

/**
 * @param {{title: string, close: string, onClose: () => void, children?: Children, wide?: boolean, sheet?: boolean}} props
 *   `sheet`: it comes from the foot of the window; open as long as it is there; `close` is what its button is called
 */
export function Dialog({ title, close, onClose, children, wide = false, sheet = false }) {
  /** @type {{current: HTMLDialogElement | null}} */
  const dialog = useRef(null);
  const heading = useId();
  useEffect(() => {
    const element = dialog.current;
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    element?.showModal();
    return () => {
      element?.close();
      if (document.activeElement === document.body) before?.focus(); // a dialog that is gone from the page gives none back
    };
  }, []);
  /** @param {MouseEvent} event */
  const onClick = (event) => event.target === dialog.current && onClose(); // outside of its content
  return html`
    <dialog class=${`dialog ${wide ? "dialog-wide" : sheet ? "dialog-sheet" : ""}`} ref=${dialog} aria-labelledby=${heading}
      onCancel=${(/** @type {Event} */ event) => { event.preventDefault(); onClose(); }} onClick=${onClick}>
      <div class="dialog-content">
        <header class="dialog-head">
          <h2 id=${heading}>${title}</h2>
          <button class="button button-quiet" type="button" onClick=${onClose}>${close}</button>
        </header>
        ${children}
      </div>
    </dialog>`;
}
