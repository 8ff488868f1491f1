/**
 * A part of the service worker: takes pictures that another app shares with the installed page,
 * and hands them to the page when it asks. They are kept in memory, for the seconds between.
 */

let shared = [];

addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "POST" && url === `${origin}/share`) event.respondWith(hold(event.request));
});
addEventListener("message", ({ data, ports }) => {
  if (data !== "shared") return;
  ports[0].postMessage(shared);
  shared = [];
});
addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(clients.matchAll().then(([page]) => page?.focus() ?? clients.openWindow("/")));
});

async function hold(request) {
  shared = (await request.formData()).getAll("image");
  return Response.redirect("/#edit?shared", 303);
}
