/** Pictures in the making, several at a time. */

import { computed, signal } from "../ui/html.js";
import { modelOf } from "./catalog.js";
import { Job } from "./job.js";
import { alone, listTasks } from "./kept-jobs.js";

/** How many finished ones stay on the page; all pictures are in the gallery. */
const MOST_KEPT = 12;

/** @type {Signal<Job[]>} newest first */
export const jobs = signal([]);

export const runningCount = computed(() => jobs.value.filter((job) => job.isRunning).length);

/** Whether something is under way that would be lost with this page. */
export const isAtStake = () => jobs.value.some((job) => job.isRunning && job.slots.value.some(({ over, kept }) => !over && !kept));

/**
 * @param {Order} order
 * @param {Model} model
 * @param {string} view
 * @param {string[]} [avoid]  models that were tried before
 * @returns {Job} at work already
 */
export function start(order, model, view, avoid) {
  const job = new Job(order, model, view, avoid);
  add(job);
  void alone(job.key, () => job.run());
  return job;
}

/** Takes up what earlier visits began, as soon as no other tab is at it. */
export async function takeUpAll() {
  const byJob = Map.groupBy(await listTasks(), ({ key }) => key);
  for (const key of byJob.keys()) void alone(key, () => takeUp(key));
}

/** @param {string} key */
async function takeUp(key) {
  const rows = (await listTasks()).filter((row) => row.key === key); // without those that another tab has finished
  if (rows.length === 0 || jobs.value.some((job) => job.key === key)) return;
  const [{ order, view, model: id }] = rows;
  const { n: _, ...parameters } = order.parameters;
  const model = modelOf(id) ?? { id, name: id, type: "image" };
  const job = new Job({ ...order, parameters: rows.length > 1 ? { ...parameters, n: rows.length } : parameters }, model, view);
  add(job);
  await job.takeUp(rows);
}

/** @param {Job} job */
function add(job) {
  const over = jobs.value.filter(({ isRunning }) => !isRunning).slice(MOST_KEPT - 1);
  jobs.value = [job, ...jobs.value.filter((kept) => !over.includes(kept))];
  for (const old of over) old.discard();
}

/**
 * @param {string} view
 * @returns {number | null} of the latest picture that was made there
 */
export function latestSeed(view) {
  const pictures = jobs.value.filter((job) => job.view === view).flatMap((job) => job.pictures);
  return pictures.find(({ seed }) => seed !== null)?.seed ?? null;
}

/** @param {Job} job  that is over */
export function dismiss(job) {
  jobs.value = jobs.value.filter((kept) => kept !== job);
  job.discard();
}
