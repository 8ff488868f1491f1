/** Starts the page. */

import { App } from "./app/app.js";
import { warnOfLoss } from "./app/leaving.js";
import { watchForEnds } from "./app/notice.js";
import { workOffline } from "./app/offline.js";
import { takeShared } from "./app/shared.js";
import { keepTitle } from "./app/title.js";
import { loadCatalog } from "./state/catalog.js";
import { drafts } from "./state/draft.js";
import { takeUpAll } from "./state/jobs.js";
import { speakFirst } from "./state/language.js";
import { html, render } from "./ui/html.js";

const cataloged = loadCatalog();
void start();
workOffline();

/** Takes over the form that index.html brought, with what was typed there until now. */
async function start() {
  const root = document.getElementById("app");
  if (!root) throw new TypeError("index.html has no #app");
  await speakFirst();
  const box = root.querySelector("textarea");
  const [typed, focused, at] = [box?.value, box === document.activeElement, box?.selectionStart ?? 0];
  if (typed) drafts.create.prompt.value = typed;
  root.querySelector("main")?.removeAttribute("hidden");
  render(html`<${App} />`, root);
  warnOfLoss();
  keepTitle();
  watchForEnds();
  void takeShared();
  void cataloged.then(takeUpAll);
  const now = root.querySelector("textarea");
  if (!focused || !now || now === document.activeElement) return;
  now.focus();
  now.setSelectionRange(at, at);
}
