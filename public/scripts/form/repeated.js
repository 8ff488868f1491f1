/** A double click is meant once: it must not cost twice. */

const WITHIN_MS = 400;

let lastAt = -Infinity;

/**
 * Whether the same was sent a moment ago. Ctrl + Enter presses no button, and is always meant.
 * @param {SubmitEvent} event
 */
export function isRepeated({ submitter, timeStamp }) {
  if (!submitter) return false;
  const repeated = timeStamp - lastAt < WITHIN_MS;
  lastAt = timeStamp;
  return repeated;
}
