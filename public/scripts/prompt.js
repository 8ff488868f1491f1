/** The prompt: a text area that grows with its text and sends the form on Ctrl+Enter or ⌘+Enter. */

import { byId } from "./elements.js";
import { WORDS } from "./words.js";

/** @returns {{readonly text: string}} */
export function createPrompt() {
  const area = byId("prompt", HTMLTextAreaElement);

  area.addEventListener("input", () => {
    refuseBlank(area);
    grow(area);
  });
  area.addEventListener("keydown", (event) => {
    // While an input method composes (Chinese, Japanese…), Enter belongs to it.
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    area.form?.requestSubmit();
  });
  // A narrower window wraps the same text into more lines.
  window.addEventListener("resize", () => grow(area));

  if (/Mac|iPhone|iPad/.test(navigator.platform)) byId("submit-key", HTMLElement).textContent = "⌘";
  refuseBlank(area);
  grow(area);
  return {
    get text() {
      return area.value.trim();
    },
  };
}

/** @param {HTMLTextAreaElement} area */
function refuseBlank(area) {
  area.setCustomValidity(area.value.trim() ? "" : WORDS.promptMissing);
}

/**
 * For browsers without `field-sizing: content`; controls.css sets the smallest and the greatest height.
 * @param {HTMLTextAreaElement} area
 */
function grow(area) {
  if (CSS.supports("field-sizing", "content")) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + area.offsetHeight - area.clientHeight}px`;
}
