/** How far the picture is: the line of words, the clock and the bar. */

import { createAnnouncer } from "./announcer.js";
import { byId } from "./elements.js";
import { describeProgress, describeSeconds, WORDS } from "./words.js";

const CLOCK_TICK_MS = 1000;

export function createProgress() {
  const line = byId("status-line", HTMLElement);
  const words = byId("status-text", HTMLElement);
  const clock = byId("clock", HTMLElement);
  const bar = byId("progress", HTMLProgressElement);
  const announce = createAnnouncer(byId("announcer", HTMLElement));
  let stage = "idle";
  let startedAt = 0;
  let ticking = 0;

  /**
   * @param {string} newStage
   * @param {string} text
   */
  function say(newStage, text) {
    words.textContent = text;
    line.dataset.stage = newStage;
    announce(text, newStage !== stage);
    stage = newStage;
  }

  function tick() {
    clock.textContent = describeSeconds(Math.floor(secondsSince(startedAt)));
  }

  /**
   * @param {string} finalStage
   * @param {(seconds: string) => string} sentence
   */
  function end(finalStage, sentence) {
    clearInterval(ticking);
    clock.textContent = "";
    bar.toggleAttribute("data-idle", finalStage !== "done");
    say(finalStage, sentence(describeSeconds(secondsSince(startedAt), 1)));
  }

  return {
    begin() {
      startedAt = performance.now();
      clearInterval(ticking);
      ticking = window.setInterval(tick, CLOCK_TICK_MS);
      tick();
      setBar(bar, null);
      bar.removeAttribute("data-idle");
      stage = "idle"; // a second picture's stages are changes too
      say("sent", WORDS.sent);
      line.scrollIntoView({ block: "nearest" }); // on a phone it is below the form
    },
    /** @param {import("./types.js").ProgressEvent} event */
    report(event) {
      setBar(bar, fractionOf(event));
      say(event.stage, describeProgress(event));
    },
    finish() {
      setBar(bar, 1);
      end("done", (seconds) => `Done in ${seconds}`);
    },
    cancel: () => end("cancelled", (seconds) => `${WORDS.cancelled} after ${seconds}`),
    fail: () => end("failed", () => WORDS.failed),
  };
}

/** @param {number} startedAt */
function secondsSince(startedAt) {
  return (performance.now() - startedAt) / 1000;
}

/**
 * @param {import("./types.js").ProgressEvent} event
 * @returns {number | null} 0..1, null when unknown
 */
function fractionOf({ stage, progress, step, total_steps: total }) {
  if (typeof progress === "number") return Math.min(1, Math.max(0, progress));
  if (stage === "running" && typeof step === "number" && total) return Math.min(1, step / total);
  return null;
}

/**
 * @param {HTMLProgressElement} bar
 * @param {number | null} fraction
 */
function setBar(bar, fraction) {
  if (fraction === null) bar.removeAttribute("value");
  else bar.value = fraction;
}
