/** The settings that the chosen model has, and no others. */

import { converts } from "../state/catalog.js";
import { wordsOf } from "../state/language.js";
import { MOST_PICTURES } from "../state/parameters.js";
import { html, useId } from "../ui/html.js";
import { SeedField } from "./seed-field.js";
import { More } from "./more.js";
import { ResolutionField, ShapeField } from "./shape-field.js";
import { Choice, Slider } from "./fields.js";

/** The options that are a matter of taste; whatever else a model knows is left to the API. */
const OPTIONS = /** @type {const} */ (["quality", "style", "background", "input_fidelity", "moderation", "safety_tolerance"]);
const FORMATS = ["png", "jpeg", "webp"];

/**
 * @param {{draft: Draft, several?: boolean, children?: Children}} props
 *   `several`: more than one picture at a time; `children`: what else is folded away
 */
export function Controls({ draft, several = true, children }) {
  const words = wordsOf("form");
  const id = useId();
  const model = draft.model.value;
  if (!model) return null;
  const wishes = draft.wishes.value;
  const { capabilities } = model;
  const formats = capabilities?.options.output_format ?? (converts.value ? FORMATS : null);
  const options = OPTIONS.filter((name) => capabilities?.options[name]);
  const counts = Array.from({ length: MOST_PICTURES }, (_, at) => String(at + 1));

  return html`
    <${ShapeField} draft=${draft} model=${model} />
    ${several && html`
      <${Choice} label=${words.count} values=${counts} value=${String(wishes.n ?? 1)} onChoose=${(/** @type {string} */ n) => draft.wish({ n: Number(n) })} />`}
    <${More} draft=${draft} model=${model}>
      <${ResolutionField} draft=${draft} model=${model} />
      ${capabilities?.negative_prompt && html`
        <div class="field">
          <label for=${id}>${words.negative}</label>
          <textarea id=${id} class="short" rows="1" dir="auto" value=${wishes.negative_prompt ?? ""}
            onInput=${(/** @type {any} */ event) => draft.wish({ negative_prompt: event.currentTarget.value })}></textarea>
        </div>`}
      ${capabilities?.steps && html`
        <${Slider} label=${words.steps} range=${capabilities.steps} step=${1} value=${wishes.steps} onChange=${(/** @type {number | undefined} */ steps) => draft.wish({ steps })} />`}
      ${capabilities?.guidance_scale && html`
        <${Slider} label=${words.guidance} range=${capabilities.guidance_scale} step=${0.1} value=${wishes.guidance_scale}
          onChange=${(/** @type {number | undefined} */ guidance_scale) => draft.wish({ guidance_scale })} />`}
      ${(capabilities?.seed ?? true) && html`<${SeedField} draft=${draft} />`}
      ${formats && html`
        <${Choice} label=${words.format} none=${words.modelsOwn} values=${formats} value=${wishes.output_format}
          onChoose=${(/** @type {string | undefined} */ output_format) => draft.wish({ output_format })} />`}
      ${options.map((name) => html`
        <${Choice} key=${name} label=${words[name]} none=${words.modelsOwn} values=${capabilities?.options[name] ?? []} value=${wishes[name]}
          onChoose=${(/** @type {string | undefined} */ value) => draft.wish({ [name]: value })} />`)}
      ${capabilities?.prompt_enhance && html`
        <label class="check">
          <input type="checkbox" checked=${Boolean(wishes.prompt_enhance)}
            onChange=${(/** @type {any} */ event) => draft.wish({ prompt_enhance: event.currentTarget.checked || undefined })} />
          ${words.improve}
        </label>`}
      ${children}
    <//>`;
}
