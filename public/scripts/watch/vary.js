/** More of a picture: others of the same prompt, or the same one larger. */

import { go } from "../app/views.js";
import { accessTo, can, modelOf, painters } from "../state/catalog.js";
import { start } from "../state/jobs.js";
import { MOST_PICTURES, rollSeed } from "../state/parameters.js";
import { computed } from "../ui/html.js";

/** Of jobs that are shown beside the picture they began with: see upscaling.js. */
export const BESIDE = "beside";

/** The model that enlarges at no cost, else with a key that is there. */
export const upscaler = computed(() => {
  const able = painters.value.filter((model) => can(model, "upscale"));
  return able.find((model) => accessTo(model) === "free") ?? able.find((model) => accessTo(model) === "ready");
});

/** An order with the seed that was really used, so that the same picture comes again. @param {Picture} picture @returns {Order} */
export const exactOrder = ({ order, seed }) => (seed === null ? order : { ...order, parameters: { ...order.parameters, seed } });

/** The same for that picture alone, whose seed is another than the first one's. @param {Picture} picture @returns {Order} */
export const orderOfOne = (picture) => {
  const order = exactOrder(picture);
  const { n: _, ...parameters } = order.parameters;
  return picture.seed === null ? order : { ...order, parameters };
};

/** Whether all that led to it is here still: what was worked on is not kept. @param {Order} order */
export const canVary = ({ operation, images, model }) =>
  (operation === "generate" || (operation === "edit" && Boolean(images?.length))) && Boolean(modelOf(model));

/** The same again with other seeds. @param {Order} order */
export function vary(order) {
  const model = modelOf(order.model);
  if (!model) return;
  const seeded = model.capabilities?.seed ?? true;
  const { seed: _, ...rest } = order.parameters;
  const place = order.operation === "generate" ? "create" : "edit";
  start({ ...order, parameters: { ...rest, n: MOST_PICTURES, ...(seeded ? { seed: rollSeed() } : {}) } }, model, place);
  go(place);
}

/**
 * @param {Picture} picture
 * @param {boolean} beside  shown where the picture is, not among those of Edit
 */
export function upscale({ blob }, beside) {
  const model = upscaler.value;
  if (!model) return;
  start({ operation: "upscale", model: model.id, prompt: "", parameters: {}, images: [blob] }, model, beside ? BESIDE : "edit");
  if (!beside) go("edit");
}
