/**
 * Opens the page without a network and, where it was folded into a release, without waiting for one. A release's
 * files have its name in their addresses: none mixes two. The sources have no release, and come from the network
 * as long as there is one. Only what index.html names is kept, and the words of the reader's language.
 */

importScripts("share-target.js");

const RELEASE = new RegExp(`^${origin}/r/`);
const FILE = new RegExp(`^${origin}/(scripts|styles|vendor|words|icons|favicon|manifest)\\b`);

/** Kept pages, by client. */
const kept = new Set();

addEventListener("install", (event) => event.waitUntil(keep().then(skipWaiting)));
addEventListener("message", (event) => event.waitUntil(hear(event.data)));
addEventListener("fetch", (event) => {
  const { clientId, request } = event;
  const { method, mode, url } = request;
  if (method !== "GET") return;
  if (mode === "navigate" && new URL(url).pathname === "/") event.respondWith(open(event));
  else if (RELEASE.test(url) || (kept.has(clientId) && FILE.test(url))) event.respondWith(find(request));
});

/** A kept release opens at once, and a newer one is fetched behind it, for the next visit. */
async function open(event) {
  const page = await (await newest())?.match("/");
  const release = page && releaseOf(await page.clone().text());
  if (!release) return fetch(event.request).catch(() => page && (kept.add(event.resultingClientId), page));
  kept.add(event.resultingClientId);
  event.waitUntil(renew(release));
  return page;
}

async function renew(release) {
  const answer = await fetch("/", { cache: "no-cache" }).catch(() => null);
  if (answer?.ok && releaseOf(await answer.clone().text()) !== release) await keep(answer);
}

async function find(request) {
  return (await (await newest())?.match(request)) ?? (await caches.match(request)) ?? fetch(request);
}

/** All or nothing, as the browser has it from the page that was just loaded. The last one stays for open pages. */
async function keep(page) {
  page ??= await take("/");
  const text = await page.clone().text();
  const paths = [...text.matchAll(/(?<=(?:href|src)=")[^"]+/g)].map(([path]) => `/${path}`);
  const answers = await Promise.all(paths.map(take));
  const old = await caches.keys();
  const cache = await caches.open(Date.now());
  await Promise.all(answers.map((answer, at) => cache.put(paths[at], answer)));
  await cache.put("/", page);
  for (const name of releaseOf(text) ? old.slice(0, -1) : old) await caches.delete(name);
}

/** Of what a page just loaded: anew, where it came from the sources, and what its document does not name. */
async function hear({ again, paths }) {
  if (again) await keep();
  const cache = await newest();
  for (const path of paths) if (cache && !(await cache.match(path))) await cache.put(path, await take(path));
}

async function newest() {
  const name = (await caches.keys()).at(-1);
  return name && caches.open(name);
}

async function take(path) {
  const answer = await fetch(path, { cache: "force-cache" });
  if (!answer.ok) throw new Error(path);
  return answer;
}

const releaseOf = (text) => /data-release="(\w+)"/.exec(text)?.[1];
