/** Everything the scripts say to the reader, in one table, so that a second language is a second table. */

export const WORDS = {
  sent: "Sent, waiting for an answer",
  queued: "Queued",
  running: "Making the picture",
  cancelled: "Cancelled",
  failed: "No picture was made",

  trayNote: "Your picture appears here.",
  previewAlt: "Unfinished preview of the picture",
  notReported: "not reported",

  promptMissing: "Write what the picture should show.",
  modelsLoading: "Loading the models…",
  modelsNotLoaded: "No models loaded",
  modelsMissing: "Load the models first.",
  modelsEmpty: "This gateway offers no models for making pictures.",
  tokenUnusable: "A token has no spaces and only plain letters, digits and signs. This one is not sent.",

  pictureFailed: "The picture was not made",
  modelsFailed: "The models could not be loaded",
  unreachable: "The gateway could not be reached.",
  connectionLost: "The connection was lost before the picture was finished.",
  unreadable: "The gateway sent an answer that this page cannot read.",
  pictureMissing: "The gateway said the picture was finished but sent none.",
  pictureBroken: "A picture arrived but could not be opened.",
  /** @param {number} status */
  unexplained: (status) => `The gateway answered ${status} and did not say why.`,

  adviceConnection: "Check your connection and try again.",
  adviceRequest: "Change the prompt or choose another model.",
  adviceAccess: "Check your token, or choose another model.",
  adviceQuota: "Wait a while, choose another model, or use your own token.",
  /** @param {number} seconds */
  adviceWait: (seconds) => `Wait ${describeSeconds(seconds)} and try again, or choose another model.`,
  adviceRetry: "Try again, or choose another model.",
  adviceModels: "Load the models again. Without them nothing can be sent.",
  adviceReport: "If it fails again, give the request id to whoever runs this gateway.",
};

const ORDINAL_ENDINGS = { zero: "th", one: "st", two: "nd", few: "rd", many: "th", other: "th" };
const ordinalRules = new Intl.PluralRules("en", { type: "ordinal" });

/**
 * @param {number} n
 * @returns {string} "1st", "2nd", "3rd", "4th", "11th"…
 */
export function ordinal(n) {
  return `${n}${ORDINAL_ENDINGS[ordinalRules.select(n)]}`;
}

/**
 * @param {number} seconds
 * @param {number} [digits]  after the point, below one minute
 * @returns {string} "8.1 s", "1 min 12 s"
 */
export function describeSeconds(seconds, digits = 0) {
  if (Number(seconds.toFixed(digits)) < 60) return `${seconds.toFixed(digits)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/**
 * @param {import("./types.js").ProgressEvent} event
 * @returns {string} "Queued, 3rd in line, about 12 s", "Step 4 of 9"
 */
export function describeProgress(event) {
  const known = event.stage === "queued" ? queueWords(event) : workWords(event);
  if (known.length > 1) return known.join(", ");
  // Only when there is nothing better: a provider's own words ("waking the Space up").
  return event.message && !hasSteps(event) ? `${known[0]}: ${event.message.slice(0, 120)}` : known[0];
}

/** @param {import("./types.js").ProgressEvent} event */
function queueWords({ queue_position: position, eta_seconds: eta }) {
  const words = [WORDS.queued];
  if (typeof position === "number") words.push(position <= 0 ? "next in line" : `${ordinal(position + 1)} in line`);
  if (typeof eta === "number") words.push(about(eta));
  return words;
}

/** @param {import("./types.js").ProgressEvent} event */
function workWords(event) {
  if (hasSteps(event)) return [`Step ${event.step} of ${event.total_steps}`];
  const words = [WORDS.running];
  if (typeof event.progress === "number") words[0] = `${Math.round(event.progress * 100)} % done`;
  if (typeof event.eta_seconds === "number") words.push(`${about(event.eta_seconds)} left`);
  return words;
}

/** @param {import("./types.js").ProgressEvent} event */
function hasSteps({ step, total_steps: total }) {
  return typeof step === "number" && typeof total === "number" && total > 0;
}

/** @param {number} seconds  at least one is said: "about 0 s" promises too much */
function about(seconds) {
  return `about ${describeSeconds(Math.max(1, Math.round(seconds)))}`;
}
