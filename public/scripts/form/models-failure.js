/** Says that the models are not there, and loads them again. */

import { loadCatalog, modelsFailure } from "../state/catalog.js";
import { wordsOf } from "../state/language.js";
import { FailureCard } from "../ui/failure-card.js";
import { html } from "../ui/html.js";

export function ModelsFailure() {
  const words = wordsOf("form");
  const failure = modelsFailure.value;
  if (!failure) return null;
  return html`
    <${FailureCard} title=${words.modelsFailed} failure=${failure} advice=${words.modelsAdvice}>
      <button class="button button-quiet" type="button" onClick=${loadCatalog}>${words.loadAgain}</button>
    <//>`;
}
