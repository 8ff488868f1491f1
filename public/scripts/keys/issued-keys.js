/** The keys that an administrator has handed out. */

import { announce } from "../app/announcer.js";
import { Confirm } from "../gallery/confirm.js";
import { GatewayFailure } from "../gateway/failure.js";
import { countImages, endKey, listIssued, makeKey } from "../gateway/issued.js";
import { authorizationAlone, GATEWAY, keys } from "../state/keys.js";
import { fill, wordsOf } from "../state/language.js";
import { FailureCard } from "../ui/failure-card.js";
import { html, useId, useSignal } from "../ui/html.js";

export function IssuedKeys() {
  const words = wordsOf("issued");
  const [name, day, told] = [useId(), useId(), useId()];
  /** @type {Signal<IssuedKey[] | null>} */
  const issued = useSignal(null);
  /** @type {Signal<Map<string, number>>} */
  const images = useSignal(new Map());
  const fresh = useSignal("");
  /** @type {Signal<GatewayFailure | null>} */
  const failure = useSignal(null);

  /** Does something with the reader's key, and looks again. @param {(authorization: string) => Promise<unknown>} work */
  const change = async (work) => {
    const authorization = authorizationAlone(GATEWAY);
    failure.value = null;
    try {
      await work(authorization);
      issued.value = await listIssued(authorization);
      images.value = await countImages(authorization);
    } catch (error) {
      if (!(error instanceof GatewayFailure)) throw error;
      failure.value = error;
    }
  };
  /** @param {At<HTMLFormElement>} event */
  const make = (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    void change(async (authorization) => {
      const made = await makeKey(authorization, { name: String(fields.get("name")), images_per_day: Number(fields.get("day")) || null });
      fresh.value = made.key ?? "";
      form.reset();
      announce(words.made, true);
    });
  };
  /** @param {string} id */
  const end = (id) => change((authorization) => endKey(authorization, id));

  if (!keys.value[GATEWAY]) return null;
  return html`
    <section class="issued" aria-label=${words.title}>
      <h3>${words.title}</h3>
      <p class="hint">${words.lead}</p>
      ${failure.value && html`<${FailureCard} title=${words.failed} failure=${failure.value} />`}
      ${!issued.value && html`<button class="button button-quiet" onClick=${() => change(async () => {})}>${words.look}</button>`}
      ${issued.value && html`
        <form class="seed key" onSubmit=${make}>
          <label for=${name}>${words.name}</label>
          <input id=${name} name="name" required maxlength="200" autocomplete="off" />
          <label for=${day}>${words.day}</label>
          <input id=${day} name="day" type="number" min="1" max="1000000000" />
          <button class="button">${words.make}</button>
        </form>
        ${fresh.value && html`<p class="seed key"><label for=${told}>${words.told}</label><input id=${told} readonly value=${fresh.value} /></p>`}
        <ul>
          ${issued.value.map((key) => html`
            <li key=${key.id}>
              <strong>${key.name}</strong> ${fill(words.used, { count: images.value.get(key.id) ?? 0 })}
              ${key.images_per_day && ` ${fill(words.limit, { count: key.images_per_day })}`}
              ${key.source === "database" && html` <${Confirm} label=${words.end} question=${fill(words.sure, { name: key.name })} onConfirm=${() => end(key.id)} />`}
            </li>`)}
        </ul>`}
    </section>`;
}
