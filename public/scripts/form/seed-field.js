/** The seed: none, one that was rolled, or one that stays. */

import { latestSeed } from "../state/jobs.js";
import { rollSeed } from "../state/parameters.js";
import { wordsOf } from "../state/language.js";
import { html, useId } from "../ui/html.js";

const MOST = 2147483647;

/** @param {{draft: Draft}} props */
export function SeedField({ draft }) {
  const words = wordsOf("form");
  const [id, hint] = [useId(), useId()];
  const { seed } = draft.wishes.value;
  const locked = seed !== undefined;
  /** @param {{currentTarget: HTMLInputElement}} event */
  const onInput = ({ currentTarget: field }) => {
    const value = field.valueAsNumber;
    if (field.value === "") draft.wish({ seed: undefined });
    else if (Number.isInteger(value) && value >= 0 && value <= MOST) draft.wish({ seed: value });
  };
  const roll = () => draft.wish({ seed: rollSeed() });
  /** Locked: the seed of the latest picture, so that only the rest changes. */
  const toggle = () => {
    const latest = latestSeed(draft.view);
    if (locked) draft.wish({ seed: undefined });
    else if (latest === null) roll();
    else draft.wish({ seed: latest });
  };
  return html`
    <div class="field seed">
      <label for=${id}>${words.seed}</label>
      <input id=${id} type="number" inputmode="numeric" min="0" max=${MOST} step="1" value=${seed ?? ""} placeholder=${words.seedRandom}
        aria-describedby=${hint} onInput=${onInput} />
      <button class="button button-quiet" type="button" aria-pressed=${locked} onClick=${toggle}>${words.lock}</button>
      <button class="button button-quiet" type="button" onClick=${roll}>${words.dice}</button>
      <span class="visually-hidden" id=${hint}>${words.seedHint}</span>
    </div>`;
}
