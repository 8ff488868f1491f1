/** Where a finished picture may go from here: among the references of Edit, or into Layers. */

import { announce } from "../app/announcer.js";
import { go } from "../app/views.js";
import { drafts } from "../state/draft.js";
import { fill, wordsOf } from "../state/language.js";
import { html } from "../ui/html.js";

/** @param {{blob: Blob}} props */
export function SendOn({ blob }) {
  const words = wordsOf("edit");
  const refer = () => {
    drafts.edit.refer(blob);
    announce(fill(words.picture, { number: drafts.edit.images.value.length }), true);
    go("edit");
  };
  const takeApart = () => {
    drafts.layers.take(blob);
    go("layers");
  };
  return html`
    <button class="button button-quiet" type="button" onClick=${refer}>${words.refer}</button>
    <button class="button button-quiet" type="button" onClick=${takeApart}>${wordsOf("layers").takeApart}</button>`;
}
