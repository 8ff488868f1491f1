/**
 * Runs before the first paint: the theme, the language, and the first words in it. The page's own code comes later,
 * and takes the language from here.
 */
{
  const root = document.documentElement;
  /** @param {string} name */
  const kept = (name) => {
    try {
      return localStorage.getItem(`darkroom.${name}`);
    } catch {
      return null;
    }
  };
  const theme = kept("theme");
  if (theme) root.dataset.theme = theme;
  const known = root.dataset.languages?.split(" ") ?? [];
  const wanted = [kept("language") ?? "", ...navigator.languages].map((tag) => tag.slice(0, 2).toLowerCase());
  const language = wanted.find((tag) => known.includes(tag)) ?? "en";
  root.lang = language;

  const { src } = /** @type {HTMLScriptElement} */ (document.currentScript);
  if (language !== "en") {
    const link = Object.assign(document.createElement("link"), { rel: "modulepreload", as: "json" });
    link.href = new URL(`../words/${language}.json`, src).href;
    document.head.append(link);
  }
  // The form of index.html: in the reader's language, and only where it is what the address names.
  const observer = new MutationObserver(() => {
    for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#app [data-de]"))) {
      element.textContent = element.dataset[language] ?? element.textContent;
      element.removeAttribute("data-de");
    }
    const main = document.getElementById("main");
    if (main) main.hidden = !/^(#create\b.*|#)?$/.test(location.hash);
    if (document.getElementById("announcer")) observer.disconnect(); // what follows the form
  });
  observer.observe(root, { childList: true, subtree: true });
}
