/** What can be done about a job that failed or stalls: each as a button. */

import { announce } from "../app/announcer.js";
import { go } from "../app/views.js";
import { authorizationOfWriters } from "../form/prompt-tools.js";
import { GatewayFailure } from "../gateway/failure.js";
import { rewrite } from "../gateway/prompts.js";
import { KeyField } from "../keys/key-field.js";
import { modelOf, nameOf, nextFor, providers } from "../state/catalog.js";
import { dismiss, start } from "../state/jobs.js";
import { fill, wordsOf } from "../state/language.js";
import { parametersFor, wishesOf } from "../state/parameters.js";
import { FailureCard } from "../ui/failure-card.js";
import { html, useSignal } from "../ui/html.js";

const LOCKED = new Set(["missing_api_key", "invalid_api_key"]);
const BLOCKED = new Set(["moderation_blocked", "content_policy_violation"]);

/** Whether its order is whole: pictures that were worked on are not kept for the next visit. @param {Job} job */
export const isWhole = ({ order: { operation, images } }) => operation === "generate" || Boolean(images?.length);

/** @param {{job: Job, failure: Failure, draft: Draft}} props */
export function JobFailure({ job, failure, draft }) {
  const words = wordsOf("fork");
  const locked = LOCKED.has(failure.code ?? "");
  const blocked = BLOCKED.has(failure.code ?? "");
  const provider = locked && job.model.token ? (job.model.provider_name ?? nameOf(job.model.id)) : "";
  const told = provider && failure.code === "missing_api_key" ? fill(words.keyMissing, { provider }) : undefined;
  const advice = told ? words.keyAdvice : blocked ? words.rewriteAdvice : undefined;
  return html`
    <${FailureCard} title=${wordsOf("watch").failureTitle} failure=${failure} told=${told} advice=${advice}>
      ${provider && html`<${KeyBox} job=${job} />`}
      <div class="tools fork">
        ${blocked && html`<${Rewrite} job=${job} draft=${draft} />`}
        ${!blocked && failure.advice !== "connection" && (failure.advice !== "request" || locked) && html`<${TryNext} job=${job} primary=${!provider} />`}
        ${["quota", "wait"].includes(failure.advice) && !provider && html`<a class="button button-quiet" href=${`#keys?focus=${job.model.token?.prefix ?? "hf"}`}>${words.addKey}</a>`}
      </div>
    <//>`;
}

/** The key's box, right where it is missing. @param {{job: Job}} props */
function KeyBox({ job }) {
  const prefix = job.model.token?.prefix ?? "";
  const rows = providers.value.filter(({ token }) => token.prefix === prefix);
  return html`<${KeyField} prefix=${prefix} rows=${rows} />`;
}

/** @param {{job: Job, primary?: boolean}} props */
export function TryNext({ job, primary = true }) {
  const avoid = [...job.avoid, job.model.id, ...(modelOf(job.order.model)?.models ?? []).filter(() => job.failure.value)];
  const next = isWhole(job) && nextFor(job.order, avoid);
  if (!next) return null;
  const go = () => {
    const order = { ...job.order, model: next.id, parameters: parametersFor(next, wishesOf(job.order.parameters)) };
    job.cancel();
    dismiss(job);
    start(order, next, job.view, avoid);
  };
  return html`<button class=${`button ${primary ? "button-primary" : "button-quiet"}`} type="button" onClick=${go}>${fill(wordsOf("fork").tryNext, { name: next.name })}</button>`;
}

/** Has a text model say the same so that it passes. @param {{job: Job, draft: Draft}} props */
function Rewrite({ job, draft }) {
  const words = wordsOf("fork");
  const busy = useSignal(false);
  /** @type {Signal<GatewayFailure | null>} */
  const failure = useSignal(null);
  const run = async () => {
    if (busy.value) return;
    [busy.value, failure.value] = [true, null];
    try {
      const written = await rewrite("enhance", { prompt: job.order.prompt, instruction: INSTRUCTION }, { authorization: authorizationOfWriters() });
      draft.reuse({ ...job.order, prompt: written.prompt });
      announce(words.rewritten, true);
      if (draft.view !== "layer") go(draft.view);
      document.querySelector("textarea")?.focus();
    } catch (error) {
      if (!(error instanceof GatewayFailure)) throw error;
      failure.value = error;
    } finally {
      busy.value = false;
    }
  };
  return html`
    <button class="button button-primary" type="button" aria-disabled=${busy.value} onClick=${run}>${busy.value ? words.rewriting : words.rewrite}</button>
    ${failure.value && html`<p class="problem">${failure.value.message}</p>`}`;
}

const INSTRUCTION = "A filter refused this prompt for an image model. Rewrite it so that it is harmless and keeps its subject, mood and style. "
  + "Answer with the new prompt alone, in one paragraph and in the prompt's language.";
