/**
 * Opens the page without a network. Each takes its files from where it came from itself: none mixes two releases.
 * Only what index.html names is kept.
 */

importScripts("share-target.js");

const FILE = new RegExp(`^${origin}/(scripts|styles|vendor|words|icons|favicon|manifest)\\b`);

/** Kept pages, by client. */
const kept = new Set();

addEventListener("install", (event) => event.waitUntil(keep().then(skipWaiting)));
addEventListener("message", (event) => event.waitUntil(keep()));
addEventListener("fetch", (event) => {
  const { clientId, request, resultingClientId } = event;
  const { method, mode, url } = request;
  if (method !== "GET") return;
  if (mode === "navigate" && new URL(url).pathname === "/") {
    event.respondWith(fetch(request).catch(() => {
      kept.add(resultingClientId);
      return caches.match("/");
    }));
  } else if (kept.has(clientId) && FILE.test(url)) event.respondWith(caches.match(request));
});

/** All or nothing, as the browser has it from the page that was just loaded. */
async function keep() {
  const text = await (await take("/")).text();
  const paths = ["/", ...text.matchAll(/(?<=(?:href|src)=")[^"]+/g).map(([path]) => `/${path}`)];
  const answers = await Promise.all(paths.map(take));
  const old = await caches.keys();
  const cache = await caches.open(Date.now());
  await Promise.all(answers.map((answer, at) => cache.put(paths[at], answer)));
  for (const name of old) await caches.delete(name);
}

async function take(path) {
  const answer = await fetch(path, { cache: "force-cache" });
  if (!answer.ok) throw new Error(path);
  return answer;
}
