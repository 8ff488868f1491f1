/** The keys of one kind. */

import { announce } from "../app/announcer.js";
import { listProviders } from "../gateway/catalog.js";
import { GatewayFailure } from "../gateway/failure.js";
import { authorizationAlone, GATEWAY, isUsable, keys, listed, setKey } from "../state/keys.js";
import { fill, language, wordsOf } from "../state/language.js";
import { FailureCard } from "../ui/failure-card.js";
import { html, useId, useSignal } from "../ui/html.js";
import { describeTime } from "../ui/numbers.js";

/** @param {{prefix: string, rows: Provider[]}} props  rows: who takes them */
export function KeyField({ prefix, rows }) {
  const words = wordsOf("keys");
  const [id, hint] = [useId(), useId()];
  const text = useSignal(keys.value[prefix] ?? "");
  const shown = useSignal(false);
  const busy = useSignal(false);
  /** @type {Signal<Provider[] | GatewayFailure>} */
  const told = useSignal([]);

  const provided = prefix !== GATEWAY;
  const names = namesOf(rows);
  const label = names || words.gateway;
  const count = listed(keys.value[prefix] ?? "").length;
  const unusable = !isUsable(text.value, prefix);

  /** @param {At<HTMLInputElement>} event */
  const onInput = ({ currentTarget: { value } }) => {
    text.value = value;
    told.value = [];
    setKey(prefix, value);
  };
  const test = async () => {
    if (busy.value || !count) return;
    busy.value = true;
    try {
      told.value = await listProviders(authorizationAlone(prefix), provided ? prefix : "");
      announce(verdictsOf(told.value, prefix).join(" "), true);
    } catch (error) {
      if (!(error instanceof GatewayFailure)) throw error;
      told.value = error;
    }
    busy.value = false;
  };

  return html`
    <div class="seed key" role="group" aria-label=${label}>
      <label for=${id}>${label}</label>
      <input id=${id} type=${shown.value ? "text" : "password"} autocomplete="off" spellcheck=${false} data-1p-ignore data-bwignore data-lpignore="true"
        value=${text.value} readonly=${busy.value} aria-describedby=${hint} aria-invalid=${unusable} onInput=${onInput} />
      <button class="button button-quiet" aria-pressed=${shown.value} onClick=${() => { shown.value = !shown.value; }}>${words.show}</button>
      <button class="button button-quiet" aria-disabled=${busy.value || !count} onClick=${test}>${busy.value ? words.testing : words.test}</button>
      <p class="hint" id=${hint}>
        ${count > 0 && html`<span class="badge">${fill(count > 1 ? words.count : words.countOne, { count })}</span> `}
        ${unusable && html`<span class="problem">${provided ? words.unusable : words.badGateway} </span>`}
        ${fill(provided ? words.goes : words.goesHere, { host: location.host, names })}
        ${rows[0]?.token.page && html` <a href=${rows[0].token.page} target="_blank" rel="noopener">${words.get}</a>`}
      </p>
      ${told.value instanceof GatewayFailure
        ? html`<${FailureCard} title=${words.testFailed} failure=${told.value} advice=${words.testAdvice} />`
        : verdictsOf(told.value, prefix).map((verdict) => html`<p class="card">${verdict}</p>`)}
    </div>`;
}

/** What the gateway told of keys. @param {Provider[]} told @param {string} prefix */
function verdictsOf(told, prefix) {
  const words = wordsOf("keys");
  if (prefix === GATEWAY && told[0]) return [`✓ ${fill(words.opens, { names: namesOf(told.filter(({ usable }) => usable)) })}`];
  const rows = told.filter(({ token }) => token.prefix === prefix);
  const { name, check, quota, credentials = [] } = rows.find((row) => row.check?.length) ?? rows[0] ?? {};
  return credentials.map(({ until }, at) => {
    const { ok = null, error = until ? "" : words.untold } = check?.[at] ?? {};
    const { gpu_seconds: all, gpu_seconds_left: left = 0 } = quota?.[at] ?? {};
    const said = [ok ? "✓" : ok === null ? "?" : "✗", credentials[1] && `${at + 1}.`, ok ? fill(words.takes, { name }) : error];
    if (until) said.push(fill(words.rests, { time: describeTime(Date.parse(until)) }));
    if (all) said.push(fill(words.gpu, { left: Math.round(left), all }));
    return said.filter(Boolean).join(" ");
  });
}

/** @param {Provider[]} rows */
const namesOf = (rows) => new Intl.ListFormat(language.value).format(rows.map(({ name }) => name));
