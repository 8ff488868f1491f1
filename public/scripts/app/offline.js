/** Has the page open without a network too: see sw.js. */
export function workOffline() {
  window.addEventListener("load", async () => {
    const policy = window.trustedTypes?.createPolicy("darkroom", { createScriptURL: () => "/sw.js" });
    const worker = await navigator.serviceWorker?.register(policy?.createScriptURL("") ?? "/sw.js");
    worker?.active?.postMessage("keep");
  });
}
