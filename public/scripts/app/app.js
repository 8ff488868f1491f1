/** The page as a whole: the masthead, and the view that is chosen. Views other than the first are loaded when chosen. */

import { CreateView } from "../create/create-view.js";
import { wordsOf } from "../state/language.js";
import { effect, html, signal } from "../ui/html.js";
import { Undo } from "../ui/undo.js";
import { Arrivals } from "./arrivals.js";
import { Masthead } from "./masthead.js";
import { NoticeOffer } from "./notice.js";
import { view } from "./views.js";

/** @type {Record<Exclude<View, "create">, () => Promise<Component>>} */
const LOADERS = {
  edit: async () => (await import("../edit/edit-view.js")).EditView,
  layers: async () => (await import("../layers/layers-view.js")).LayersView,
  compare: async () => (await import("../compare/compare-view.js")).CompareView,
  gallery: async () => (await import("../gallery/gallery-view.js")).GalleryView,
  keys: async () => (await import("../keys/keys-view.js")).KeysView,
};

/** @type {Signal<Partial<Record<View, Component>>>} */
const loaded = signal({ create: CreateView });

/** @type {Signal<View | null>} that could not be loaded */
const missing = signal(null);

/** @param {View} name */
async function load(name) {
  missing.value = null;
  if (name === "create" || loaded.peek()[name]) return;
  try {
    const component = await LOADERS[name]();
    loaded.value = { ...loaded.value, [name]: component };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // a mistake in that view
    missing.value = name;
  }
}
effect(() => void load(view.value));

export function App() {
  const words = wordsOf("app");
  const View = loaded.value[view.value];
  return html`
    <${Masthead} />
    <main id="main" tabindex="-1">
      <${NoticeOffer} />
      ${View ? html`<${View} key=${view.value} />` : missing.value && html`
        <div class="card failure" role="alert">
          <p class="failure-title">${words.viewMissing}</p>
          <button class="button button-quiet" type="button" onClick=${() => location.reload()}>${words.reload}</button>
        </div>`}
    </main>
    <${Undo} />
    <${Arrivals} />`;
}
