/** What a tab and an icon in the background tell: which view it is, and how far the newest job. */

import { jobs, runningCount } from "../state/jobs.js";
import { fill, wordsOf } from "../state/language.js";
import { effect } from "../ui/html.js";
import { placeOf } from "../watch/progress.js";
import { view } from "./views.js";

/** Keeps the document's title and the badge of an installed page true. */
export function keepTitle() {
  effect(() => {
    const words = wordsOf("app");
    const running = jobs.value.find((job) => job.isRunning);
    const about = running ? `● ${fill(wordsOf("stage").place, placeOf(running))}` : words[view.value];
    document.title = `${about} – Darkroom`;
  });
  effect(() => {
    const count = runningCount.value;
    void (count > 0 ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.())?.catch(() => {});
  });
}
