/** What the gateway offers, asked for once: models, providers, templates. */

import { listModels, listProviders, listTemplates, readHealth } from "../gateway/catalog.js";
import { GatewayFailure } from "../gateway/failure.js";
import { computed, signal } from "../ui/html.js";
import { authorizationFor, GATEWAY, keys } from "./keys.js";
import { wordsOf } from "./language.js";
import { readJson, writeJson } from "./storage.js";

/** Of the release that is open, so that its models are read by the code that kept them. The sources have none. */
const { release } = document.documentElement.dataset;
const KEPT_MODELS = release && "darkroom.models";

/** @type {Signal<Model[]>} of images, pools and texts: at first those of the last visit; empty until they are there */
export const models = signal(keptModels());

/** @type {Signal<GatewayFailure | null>} why they are not there */
export const modelsFailure = signal(null);

/** @type {Signal<Provider[]>} as they are for somebody without keys; empty until they are there */
export const providers = signal([]);

/** @type {Signal<Template[]>} */
export const templates = signal([]);

/** @type {Signal<boolean>} whether the gateway itself can turn a picture into another format */
export const converts = signal(false);

/** The pool of the first free model that answers. */
export const AUTO = "auto";
/** @type {Signal<boolean>} whether the gateway gives a picture an address that can be passed on */
export const sharing = signal(false);

/** Models of pictures, and pools of them. */
export const painters = computed(() => models.value.filter(({ type }) => type !== "text"));

const byId = computed(() => new Map(models.value.map((model) => [model.id, model])));

export async function loadCatalog() {
  modelsFailure.value = null;
  void loadHealth();
  try {
    models.value = await listModels();
    if (KEPT_MODELS) writeJson(localStorage, KEPT_MODELS, { release, models: models.value });
  } catch (error) {
    if (!(error instanceof GatewayFailure)) throw error;
    modelsFailure.value = error;
  }
  void loadTheRest();
}

/** @returns {Model[]} */
function keptModels() {
  const kept = /** @type {any} */ (KEPT_MODELS && readJson(localStorage, KEPT_MODELS));
  return kept?.release === release && Array.isArray(kept?.models) ? kept.models : [];
}

/** Beside the models, as it adds a field to the form, which must not grow later; and they may come from a cache. */
async function loadHealth() {
  const health = await readHealth().catch((error) => {
    if (error instanceof GatewayFailure && error.reason === "unreachable") modelsFailure.value = error;
    return null;
  });
  converts.value = Boolean(health?.bindings?.IMAGES);
  sharing.value = Boolean(health?.sharing);
}

/** What the page can do without: it says less, or offers less, where these are missing. */
async function loadTheRest() {
  const [listed, styles] = await Promise.allSettled([listProviders(null), listTemplates()]);
  if (listed.status === "fulfilled") providers.value = listed.value;
  if (styles.status === "fulfilled") templates.value = styles.value;
}

/**
 * @param {string | null | undefined} id
 * @returns {Model | undefined}
 */
export function modelOf(id) {
  return byId.value.get(id ?? "");
}

/** @param {string | null | undefined} id */
export function nameOf(id) {
  return id === AUTO ? wordsOf("form").auto : (modelOf(id)?.name ?? id ?? "");
}

/**
 * The next free model that can do what another could not.
 * @param {Order} order
 * @param {string[]} avoid  ids
 * @returns {Model | undefined}
 */
export function nextFor({ operation, images = [], mask }, avoid) {
  if (operation === "edit-layer") return undefined;
  return painters.value.find((model) => {
    const { max_images: most = 0, mask: masks } = model.capabilities ?? {};
    const able = model.type !== "pool" && can(model, operation) && accessTo(model) !== "locked" && !avoid.includes(model.id);
    return able && images.length <= most && (!mask || masks);
  });
}

/** @param {string | null | undefined} id  of a provider */
export function providerOf(id) {
  return providers.value.find((provider) => provider.id === id)?.name ?? id ?? "";
}

/**
 * Whether a model can do one of these.
 * @param {Model} model
 * @param {...Operation} operations
 */
export function can(model, ...operations) {
  if (model.type === "pool" && operations.includes("generate")) return true;
  return operations.some((operation) => model.capabilities?.operations.includes(operation));
}

/**
 * The prefixes of the keys that a model's providers take: several for a pool.
 * @param {Model} model
 * @returns {string[]}
 */
export function prefixesOf(model) {
  const members = model.type === "pool" ? (model.models ?? []).map(modelOf) : [model];
  return [...new Set(members.flatMap((member) => member?.token?.prefix ?? []))];
}

/**
 * The header that a request to this model carries.
 * @param {Model} model
 */
export function authorizationOf(model) {
  return authorizationFor(prefixesOf(model));
}

/**
 * Whether a model costs nothing and needs no key, needs one that is there, or one that is missing.
 * @param {Model} model
 * @returns {"free" | "ready" | "locked"}
 */
export function accessTo(model) {
  if (model.type === "pool" || !model.token?.required) return "free";
  return keys.value[model.token.prefix] || keys.value[GATEWAY] ? "ready" : "locked";
}

/** The text models that this reader can use now. */
export const writers = computed(() => models.value.filter((model) => model.type === "text" && accessTo(model) !== "locked"));
