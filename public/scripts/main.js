/** Joins the parts of the page: one form, one picture at a time. */

import { generate } from "./api.js";
import { byId } from "./elements.js";
import { createFailureCard } from "./failure-card.js";
import { GatewayFailure } from "./failure.js";
import { createModelPicker } from "./model-picker.js";
import { createPicture } from "./picture.js";
import { createProgress } from "./progress.js";
import { createPrompt } from "./prompt.js";
import { createToken } from "./token.js";
import { WORDS } from "./words.js";

const form = byId("request", HTMLFormElement);
const generateButton = byId("generate", HTMLButtonElement);
const cancelButton = byId("cancel", HTMLButtonElement);
const result = byId("result", HTMLElement);
const resultHeading = byId("result-heading", HTMLElement);

const card = createFailureCard();
const prompt = createPrompt();
const token = createToken();
const picker = createModelPicker((failure) => {
  if (failure) card.show(WORDS.modelsFailed, failure, WORDS.adviceModels);
  else card.hide();
});
const progress = createProgress();
const picture = createPicture(picker.nameOf);

/** @type {AbortController | null} of the picture being made */
let current = null;

/** Whether the reader went on to write the next request: then focus is not taken away. */
let edited = false;

form.addEventListener("input", () => {
  edited = true;
});
form.addEventListener("submit", (event) => {
  event.preventDefault(); // the Content-Security-Policy allows no form to be sent by the browser
  const model = picker.chosen;
  if (current || !model) return;
  void makePicture(model, prompt.text);
});
cancelButton.addEventListener("click", () => current?.abort());

/**
 * @param {import("./types.js").Model} model
 * @param {string} text
 */
async function makePicture(model, text) {
  const run = new AbortController();
  begin(run);
  const request = { model: model.id, prompt: text };
  const options = { authorization: token.authorizationFor(model.provider), signal: run.signal };
  try {
    for await (const event of generate(request, options)) {
      if (current !== run) continue; // finished: let the stream come to its own end
      if (event.type === "image_generation.progress") progress.report(event);
      if (event.type === "image_generation.partial_image") await picture.showPreview(event);
      if (event.type === "image_generation.completed") {
        await picture.showFinished(event, text);
        finish();
      }
    }
  } catch (error) {
    if (current !== run) return;
    if (run.signal.aborted) stop(progress.cancel);
    else stop(progress.fail, error);
  }
}

/** @param {AbortController} run */
function begin(run) {
  current = run;
  edited = false;
  card.hide();
  picture.begin();
  progress.begin();
  // Not `disabled`, which would drop the keyboard's place on the page.
  generateButton.setAttribute("aria-disabled", "true");
  cancelButton.hidden = false;
}

function finish() {
  progress.finish();
  end();
  if (edited) return;
  resultHeading.focus({ preventScroll: true });
  result.scrollIntoView({ block: "nearest" }); // the picture, not only its heading
}

/**
 * @param {() => void} say
 * @param {unknown} [error]
 */
function stop(say, error) {
  picture.revert();
  say();
  end();
  if (error instanceof GatewayFailure) card.show(WORDS.pictureFailed, error);
  else if (error) throw error; // a mistake in this page: the console should have it
}

function end() {
  current = null;
  generateButton.removeAttribute("aria-disabled");
  if (document.activeElement === cancelButton) generateButton.focus(); // the button is about to go
  cancelButton.hidden = true;
}
