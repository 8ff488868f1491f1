/** The prompt: it grows with its text, sends the form on Ctrl+Enter or ⌘+Enter, and has text models write on it. */

import { recall } from "../state/prompts.js";
import { fill, wordsOf } from "../state/language.js";
import { html, useEffect, useId, useLayoutEffect, useRef } from "../ui/html.js";
import { PromptTools } from "./prompt-tools.js";

const SUBMIT_KEY = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl";

/**
 * @param {{draft: Draft, required?: boolean, label?: string, tools?: boolean, placeholder?: string}} props
 */
export function PromptField({ draft, required = false, label, tools = true, placeholder }) {
  const words = wordsOf("form");
  const [id, hint] = [useId(), useId()];
  /** @type {{current: HTMLTextAreaElement | null}} */
  const area = useRef(null);
  const back = useRef(0);
  /** What was being written when the reader began to look back. */
  const written = useRef("");
  const text = draft.prompt.value;

  useLayoutEffect(() => {
    area.current?.setCustomValidity(required && !text.trim() ? words.promptMissing : "");
    grow(area.current);
  });
  useEffect(() => {
    const onResize = () => grow(area.current); // a narrower window wraps the same text into more lines
    window.addEventListener("resize", onResize);
    return () => window.removeEventListener("resize", onResize);
  }, []);

  /** @param {KeyboardEvent & {currentTarget: HTMLTextAreaElement}} event */
  const onKeyDown = (event) => {
    // While an input method composes (Chinese, Japanese…), keys belong to it.
    if (event.isComposing) return;
    const { currentTarget } = event;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      back.current = 0;
      currentTarget.form?.requestSubmit();
    }
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (step && !event.shiftKey && isAtEdge(currentTarget, step)) look(event, step);
  };

  /** @param {KeyboardEvent} event @param {number} step */
  const look = (event, step) => {
    const next = back.current + step;
    const found = next === 0 ? written.current : recall(next);
    if (next < 0 || found === undefined) return;
    event.preventDefault();
    if (back.current === 0) written.current = text;
    back.current = next;
    draft.prompt.value = found;
  };

  /** @param {InputEvent & {currentTarget: HTMLTextAreaElement}} event */
  const onInput = ({ currentTarget }) => {
    back.current = 0;
    draft.prompt.value = currentTarget.value;
  };

  return html`
    <div class="field">
      <label for=${id}>${label ?? words.prompt}</label>
      <textarea id=${id} ref=${area} rows="4" dir="auto" required=${required} spellcheck=${true} value=${text} placeholder=${placeholder}
        aria-describedby=${hint} onInput=${onInput} onKeyDown=${onKeyDown}></textarea>
      <p class="hint hint-keys" id=${hint}>${fill(words.promptHint, { key: SUBMIT_KEY })}</p>
      ${tools && html`<${PromptTools} draft=${draft} />`}
    </div>`;
}

/**
 * Whether an arrow has nowhere to go within the text.
 * @param {HTMLTextAreaElement} area
 * @param {number} step  1 is up
 */
function isAtEdge({ value, selectionStart, selectionEnd }, step) {
  if (selectionStart !== selectionEnd) return false;
  return step > 0 ? !value.slice(0, selectionStart).includes("\n") : !value.slice(selectionEnd).includes("\n");
}

/**
 * For browsers without `field-sizing: content`; controls.css sets the smallest and the greatest height.
 * @param {HTMLTextAreaElement | null} area
 */
function grow(area) {
  if (!area || CSS.supports("field-sizing", "content")) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + area.offsetHeight - area.clientHeight}px`;
}
