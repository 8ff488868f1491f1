/** The page as a whole: the masthead, and the view that is chosen. */

import { CompareView } from "../compare/compare-view.js";
import { CreateView } from "../create/create-view.js";
import { EditView } from "../edit/edit-view.js";
import { GalleryView } from "../gallery/gallery-view.js";
import { KeysView } from "../keys/keys-view.js";
import { LayersView } from "../layers/layers-view.js";
import { html } from "../ui/html.js";
import { Undo } from "../ui/undo.js";
import { Arrivals } from "./arrivals.js";
import { Masthead } from "./masthead.js";
import { NoticeOffer } from "./notice.js";
import { view } from "./views.js";

const COMPONENTS = {
  create: CreateView,
  edit: EditView,
  layers: LayersView,
  compare: CompareView,
  gallery: GalleryView,
  keys: KeysView,
};

export function App() {
  return html`
    <${Masthead} />
    <main id="main" tabindex="-1"><${NoticeOffer} /><${COMPONENTS[view.value]} key=${view.value} /></main>
    <${Undo} />
    <${Arrivals} />`;
}
