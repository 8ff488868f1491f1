/** The live region. A step every half second would drown a screen reader, so it speaks at most every 5 s. */

const QUIET_MS = 5000;

/**
 * @param {HTMLElement} region  has role=status
 * @returns {(text: string, urgent?: boolean) => void} urgent: a change of stage, said at once
 */
export function createAnnouncer(region) {
  let lastSaidAt = -Infinity;
  let timer = 0;

  /** @param {string} text */
  function say(text) {
    clearTimeout(timer);
    timer = 0;
    lastSaidAt = performance.now();
    region.textContent = text;
  }

  return (text, urgent = false) => {
    const wait = lastSaidAt + QUIET_MS - performance.now();
    if (urgent || wait <= 0) return say(text);
    // Only the newest is worth saying when the pause is over.
    clearTimeout(timer);
    timer = window.setTimeout(() => say(text), wait);
  };
}
