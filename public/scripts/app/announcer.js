/** The live region. A step every half second would drown a screen reader, so it speaks at most every 5 s. */

const QUIET_MS = 5000;

let lastSaidAt = -Infinity;
let timer = 0;

/**
 * @param {string} text
 * @param {boolean} [urgent]  a change of stage, said at once
 */
export function announce(text, urgent = false) {
  const wait = lastSaidAt + QUIET_MS - performance.now();
  clearTimeout(timer);
  // Only the newest is worth saying when the pause is over.
  if (urgent || wait <= 0) say(text);
  else timer = window.setTimeout(() => say(text), wait);
}

/** @param {string} text */
function say(text) {
  lastSaidAt = performance.now();
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}
