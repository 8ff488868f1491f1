/** Has the page open without a network too, in the reader's language: see sw.js. */
export function workOffline() {
  window.addEventListener("load", async () => {
    const policy = window.trustedTypes?.createPolicy("darkroom", { createScriptURL: () => "/sw.js" });
    const container = navigator.serviceWorker;
    const known = await container?.register(policy?.createScriptURL("") ?? "/sw.js");
    // A release renews itself when it is opened; of the sources, what was just loaded is kept.
    const again = Boolean(known?.active) && !document.documentElement.dataset.release;
    const { active } = (await container?.ready) ?? {};
    const loaded = /** @type {HTMLLinkElement[]} */ ([...document.querySelectorAll("head link[href*='/words/']")]);
    active?.postMessage({ again, paths: loaded.map(({ href }) => href) });
  });
}
