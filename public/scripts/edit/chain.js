/** What comes of a picture takes its place, so that the next edit goes on from it. */

import { announce } from "../app/announcer.js";
import { drafts } from "../state/draft.js";
import { jobs } from "../state/jobs.js";
import { wordsOf } from "../state/language.js";
import { effect } from "../ui/html.js";

/** @type {WeakSet<Job>} */
const over = new WeakSet();

effect(() => {
  for (const job of jobs.value) {
    if (job.view !== "edit" || job.took.value === null || over.has(job)) continue;
    over.add(job);
    const [picture] = job.pictures;
    const [image] = drafts.edit.images.peek();
    if (!picture || !image || image !== job.order.images?.[0]) continue; // the reader went on to another
    drafts.edit.show(picture.blob);
    announce(wordsOf("edit").placed);
  }
});
