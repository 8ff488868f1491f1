/** A notification when a long job ends in the background; offered once, after the first such job. */

import { jobs } from "../state/jobs.js";
import { wordsOf } from "../state/language.js";
import { readText, writeText } from "../state/storage.js";
import { effect, html, signal } from "../ui/html.js";

const LONG_S = 20;
const STORAGE_KEY = "darkroom.noticeOffered";

const offered = signal(false);

/** Watches for jobs that end unseen. */
export function watchForEnds() {
  /** @type {Set<Job>} */
  let running = new Set();
  effect(() => {
    const ended = [...running].filter((job) => !job.isRunning);
    running = new Set(jobs.value.filter((job) => job.isRunning));
    if (document.hidden && ended.some((job) => job.stage.peek() === "done" && job.elapsed > LONG_S)) void tell();
  });
}

async function tell() {
  if (!("Notification" in window)) return;
  if (Notification.permission === "granted") {
    const worker = await navigator.serviceWorker?.ready;
    await worker?.showNotification(wordsOf("stage").ready, { icon: "icons/192.png", tag: "ready" });
  } else if (Notification.permission === "default" && !readText(localStorage, STORAGE_KEY)) {
    writeText(localStorage, STORAGE_KEY, "1");
    offered.value = true;
  }
}

/** The offer, for who comes back. */
export function NoticeOffer() {
  const words = wordsOf("stage");
  /** @param {boolean} wanted */
  const answer = (wanted) => {
    offered.value = false;
    if (wanted) void Notification.requestPermission();
  };
  return offered.value && html`
    <div class="card offer" role="status">
      <p>${words.offer}</p>
      <div class="tools">
        <button class="button button-quiet" type="button" onClick=${() => answer(true)}>${words.offerYes}</button>
        <button class="button button-quiet" type="button" onClick=${() => answer(false)}>${words.offerNo}</button>
      </div>
    </div>`;
}
