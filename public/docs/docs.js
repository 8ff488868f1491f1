// Shows /openapi.json with Swagger UI and lets people try the routes, at this address and no other.

const DOCUMENT = "/openapi.json";

followColourScheme(matchMedia("(prefers-color-scheme: dark)"));
await show(document.getElementById("viewer"));

/** @param {HTMLElement} viewer */
async function show(viewer) {
  let spec;
  try {
    const answer = await fetch(DOCUMENT);
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    spec = await answer.json();
  } catch (error) {
    const notice = Object.assign(document.createElement("p"), { className: "notice" });
    notice.setAttribute("role", "alert");
    notice.textContent = `${DOCUMENT} cannot be had (${error.message}). Reload the page to try again.`;
    viewer.replaceChildren(notice);
    return;
  }
  globalThis.SwaggerUIBundle({
    spec,
    domNode: viewer,
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    docExpansion: "list",
    displayRequestDuration: true,
    validatorUrl: null, // would send the document to a server of Swagger's
  });
}

/** @param {MediaQueryList} dark */
function followColourScheme(dark) {
  const apply = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", apply);
  apply();
}
