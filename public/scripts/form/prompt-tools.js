/** Enhance and Translate: a text model writes on the prompt, and the reader may take it back. */

import { GatewayFailure } from "../gateway/failure.js";
import { rewrite } from "../gateway/prompts.js";
import { models, writers } from "../state/catalog.js";
import { authorizationFor } from "../state/keys.js";
import { fill, wordsOf } from "../state/language.js";
import { announce } from "../app/announcer.js";
import { FailureCard } from "../ui/failure-card.js";
import { html, useRef, useSignal } from "../ui/html.js";

/** @param {{draft: Draft, children?: Children}} props  children: other tools */
export function PromptTools({ draft, children }) {
  const words = wordsOf("form");
  /** @type {Signal<"enhance" | "translate" | null>} */
  const busy = useSignal(null);
  /** @type {Signal<GatewayFailure | null>} */
  const failure = useSignal(null);
  /** @type {Signal<{before: string, style: Style | null, after: string, by: string} | null>} */
  const change = useSignal(null);
  /** @type {{current: AbortController | null}} */
  const running = useRef(null);

  /** @param {"enhance" | "translate"} kind */
  const write = async (kind) => {
    const [before, style] = [draft.prompt.value, draft.style.value];
    if (busy.value || !before.trim()) return;
    const run = new AbortController();
    running.current = run;
    [busy.value, failure.value] = [kind, null];
    try {
      const wish = { prompt: before, ...(kind === "enhance" && style ? { instruction: instructionOf(style) } : {}) };
      const options = { authorization: authorizationOfWriters(), signal: run.signal };
      const written = await rewrite(kind, wish, options);
      draft.prompt.value = written.prompt;
      if (kind === "enhance") draft.style.value = null; // its words are in the prompt now
      change.value = { before, style, after: written.prompt, by: written.model };
      announce(fill(words.written, { model: written.model }), true);
    } catch (error) {
      if (run.signal.aborted) return;
      if (!(error instanceof GatewayFailure)) throw error;
      failure.value = error;
    } finally {
      busy.value = null;
    }
  };

  const undo = () => {
    if (!change.value) return;
    [draft.prompt.value, draft.style.value] = [change.value.before, change.value.style];
    change.value = null;
  };

  const undoable = change.value?.after === draft.prompt.value;
  return html`
    <div class="tools">
      <button class="button button-quiet" type="button" aria-disabled=${busy.value !== null} onClick=${() => write("enhance")}>
        ${busy.value === "enhance" ? words.enhancing : words.enhance}
      </button>
      <button class="button button-quiet" type="button" aria-disabled=${busy.value !== null} onClick=${() => write("translate")}>
        ${busy.value === "translate" ? words.translating : words.translate}
      </button>
      ${children}
      ${busy.value && html`<button class="button button-quiet" type="button" onClick=${() => running.current?.abort()}>${words.stop}</button>`}
      ${undoable && html`
        <button class="button button-quiet" type="button" onClick=${undo}>${words.undo}</button>
        <span class="hint">${fill(words.written, { model: change.value?.by ?? "" })}</span>`}
    </div>
    ${failure.value && html`<${FailureCard} title=${words.writingFailed} failure=${failure.value} />`}`;
}

/** Of one text provider: the gateway takes the first that it has a key for, else one that needs none. */
export function authorizationOfWriters() {
  const first = writers.value.find((model) => model.token?.required) ?? models.value.find((model) => model.type === "text");
  return authorizationFor(first?.token ? [first.token.prefix] : []);
}

/** @param {Style} style */
function instructionOf({ text }) {
  return [
    "You rewrite prompts for image models. Work the style below into the prompt, keep every fact of the prompt,",
    "and answer with the new prompt alone, in one paragraph and in the prompt's language.",
    `\n\nThe style:\n${text}`,
  ].join(" ");
}
