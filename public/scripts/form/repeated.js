/** A double click is meant once: it must not cost twice. */

const WITHIN_MS = 400;

let last = { at: -Infinity, prompt: "" };

/**
 * Whether the same was sent a moment ago. Ctrl + Enter presses no button, and is always meant.
 * @param {SubmitEvent} event
 * @param {Draft} draft
 */
export function isRepeated({ submitter, timeStamp: at }, draft) {
  if (!submitter) return false;
  const prompt = draft.prompt.value;
  const repeated = at - last.at < WITHIN_MS && prompt === last.prompt;
  last = { at, prompt };
  return repeated;
}
