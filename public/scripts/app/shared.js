/** Pictures that another app shared with this one: share-target.js holds them until the page asks. */

import { drafts } from "../state/draft.js";
import { redrawn } from "../ui/download.js";
import { linked, settle } from "./views.js";

/** Has them become what is worked on, where the address says that there are some. */
export async function takeShared() {
  if (!linked.value.has("shared")) return;
  settle();
  const worker = navigator.serviceWorker?.controller;
  if (!worker) return;
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => { port1.onmessage = ({ data }) => resolve(data); });
  worker.postMessage("shared", [port2]);
  const files = /** @type {File[]} */ (await answer);
  const pictures = await Promise.all(files.map((file) => redrawn(file).catch(() => [])));
  drafts.edit.images.value = pictures.flat();
}
