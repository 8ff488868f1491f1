/** Starts the page. */

import { App } from "./app/app.js";
import { warnOfLoss } from "./app/leaving.js";
import { watchForEnds } from "./app/notice.js";
import { workOffline } from "./app/offline.js";
import { takeShared } from "./app/shared.js";
import { keepTitle } from "./app/title.js";
import { loadCatalog } from "./state/catalog.js";
import { takeUpAll } from "./state/jobs.js";
import { html, render } from "./ui/html.js";

const root = document.getElementById("app");
if (!root) throw new TypeError("index.html has no #app");
root.replaceChildren(); // what was there to be seen until now
render(html`<${App} />`, root);
void loadCatalog().then(takeUpAll);
warnOfLoss();
workOffline();
keepTitle();
watchForEnds();
void takeShared();
