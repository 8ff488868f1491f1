/** Fields of a form, the same everywhere. */

import { wordsOf } from "../state/language.js";
import { html, useId, useState } from "../ui/html.js";

/**
 * One of a few values, as chips.
 * @param {{label: string, values: string[], value: unknown, none?: string, onChoose: (value: string | undefined) => void, describe?: (value: string) => Children, hint?: (value: string) => string | undefined}} props
 *   `none`: what it is called to choose none of them, where that is possible
 */
export function Choice({ label, values, value, none, onChoose, describe = (text) => text, hint }) {
  const name = useId();
  const entries = none === undefined ? values : [undefined, ...values];
  const chosen = values.includes(String(value)) ? String(value) : undefined;
  return html`
    <fieldset class="field chips">
      <legend>${label}</legend>
      <div>
        ${entries.map((entry) => html`
          <label key=${entry ?? ""} class="chip" title=${entry && hint?.(entry)}>
            <input class="visually-hidden" type="radio" name=${name} checked=${entry === chosen} onChange=${() => onChoose(entry)} />
            <span>${entry === undefined ? none : describe(entry)}</span>
          </label>`)}
      </div>
    </fieldset>`;
}

/**
 * A number within a range: by sliding, or by writing it. Undefined is the model's own.
 * @param {{label: string, range: Range, step: number, value: unknown, onChange: (value: number | undefined) => void}} props
 */
export function Slider({ label, range, step, value, onChange }) {
  const words = wordsOf("form");
  const id = useId();
  const { minimum, maximum, hints = {} } = range;
  const aims = /** @type {Record<string, string>} */ (wordsOf("hints"));
  const advice = Object.entries(hints).map(([aim, values]) => `${aims[aim] ?? aim} ${values.replace("-", "–")}`);
  const shown = value === undefined ? (range.default ?? minimum) : Math.min(maximum, Math.max(minimum, Number(value)));
  /** @param {{currentTarget: HTMLInputElement}} event */
  const onInput = ({ currentTarget: field }) => {
    if (field.value !== "" && Number.isFinite(field.valueAsNumber)) onChange(field.valueAsNumber);
  };
  /** The text that is being typed: it may not be the number yet that is meant. */
  const [typed, setTyped] = useState(/** @type {string | null} */ (null));
  /** @param {{currentTarget: HTMLInputElement}} event */
  const onType = ({ currentTarget: field }) => {
    setTyped(field.value);
    if (field.valueAsNumber >= minimum && field.valueAsNumber <= maximum) onChange(field.valueAsNumber);
  };
  return html`
    <div class="field slider">
      <label for=${id}>${label} <small class="range">${[`${minimum}–${maximum}`, ...advice].join(" · ")}</small></label>
      <input type="range" min=${minimum} max=${maximum} step=${step} value=${shown} aria-label=${label} onInput=${onInput} />
      <input id=${id} type="number" inputmode="decimal" min=${minimum} max=${maximum} step=${step} value=${typed ?? shown}
        onInput=${onType} onChange=${onInput} onBlur=${() => setTyped(null)} />
      ${value !== undefined && html`
        <button class="button button-quiet" type="button" aria-label=${`${words.reset}: ${label}`} onClick=${() => onChange(undefined)}>${words.reset}</button>`}
    </div>`;
}
