/** Warns a reader who leaves while something is under way that would be lost. */

import { isAtStake } from "../state/jobs.js";

export function warnOfLoss() {
  window.addEventListener("beforeunload", (event) => {
    if (isAtStake()) event.preventDefault();
  });
}
