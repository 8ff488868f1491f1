/** How far a job is, in words and as a fraction. */

import { fill, wordsOf } from "../state/language.js";
import { describeSeconds, ordinal } from "../ui/numbers.js";

/**
 * @param {Job} job
 * @returns {string} "Queued, 3rd in line, about 12 s", "Step 4 of 9"
 */
export function describeJob(job) {
  const words = wordsOf("watch");
  const stage = job.stage.value;
  const slots = job.slots.value;
  const took = job.took.value ?? 0;
  const made = job.pictures.length;
  if (stage === "done" && made < slots.length) return fill(words.partly, { made, all: slots.length });
  if (stage === "done") return fill(words.done, { seconds: describeSeconds(took, 1) });
  if (stage === "cancelled") return fill(words.cancelled, { seconds: describeSeconds(took, 1) });
  if (stage === "failed") return made > 0 ? fill(words.partly, { made, all: slots.length }) : words.failed;
  if (stage === "sent") return words.sent;
  const news = latestOf(slots);
  const known = news ? describeNews(news) : words.running;
  return slots.length > 1 ? `${fill(words.ofSeveral, { done: made, all: slots.length })}, ${known}` : known;
}

/**
 * @param {Job} job
 * @returns {{at: number, all: number}} which of its pictures is in the making, from 1
 */
export function placeOf({ slots, pictures }) {
  const all = Math.max(1, slots.value.length);
  return { at: Math.min(all, pictures.length + 1), all };
}

/**
 * @param {Slot[]} slots
 * @returns {number | null} 0..1 of the whole, null when unknown
 */
export function fractionOf(slots) {
  const fractions = slots.map(({ news, picture }) => (picture ? 1 : news ? fractionOfNews(news) : null));
  if (fractions.every((fraction) => fraction === null)) return null;
  return fractions.reduce((/** @type {number} */ sum, fraction) => sum + (fraction ?? 0), 0) / slots.length;
}

/**
 * The news worth telling: of the picture that is furthest and not finished.
 * @param {Slot[]} slots
 */
function latestOf(slots) {
  const open = slots.flatMap(({ news, picture }) => (news && !picture ? news : []));
  const [first = null] = open.sort((one, other) => (fractionOfNews(other) ?? 0) - (fractionOfNews(one) ?? 0));
  return first;
}

/** @param {ProgressEvent} news */
function fractionOfNews({ stage, progress, step, total_steps: total }) {
  if (typeof progress === "number") return Math.min(1, Math.max(0, progress));
  if (stage === "running" && typeof step === "number" && total) return Math.min(1, step / total);
  return null;
}

/** @param {ProgressEvent} news */
function describeNews(news) {
  const known = news.stage === "queued" ? queueWords(news) : workWords(news);
  if (known.length > 1) return known.join(", ");
  // Only when there is nothing better: a provider's own words ("waking the Space up").
  return news.message && !hasSteps(news) ? `${known[0]}: ${news.message.slice(0, 120)}` : known[0];
}

/** @param {ProgressEvent} news */
function queueWords({ queue_position: position, eta_seconds: eta }) {
  const words = wordsOf("watch");
  const known = [words.queued];
  if (typeof position === "number") known.push(position <= 0 ? words.next : fill(words.place, { place: ordinal(position + 1) }));
  if (typeof eta === "number") known.push(fill(words.about, { seconds: describeSeconds(atLeastOne(eta)) }));
  return known;
}

/** @param {ProgressEvent} news */
function workWords(news) {
  const words = wordsOf("watch");
  if (hasSteps(news)) return [fill(words.step, { step: news.step ?? 0, total: news.total_steps ?? 0 })];
  const known = [words.running];
  if (typeof news.progress === "number") known[0] = fill(words.percent, { percent: Math.round(news.progress * 100) });
  if (typeof news.eta_seconds === "number") known.push(fill(words.left, { seconds: describeSeconds(atLeastOne(news.eta_seconds)) }));
  return known;
}

/** @param {ProgressEvent} news */
function hasSteps({ step, total_steps: total }) {
  return typeof step === "number" && typeof total === "number" && total > 0;
}

/** "About 0 s" promises too much. @param {number} seconds */
function atLeastOne(seconds) {
  return Math.max(1, Math.round(seconds));
}
