/** A picture in words, by a text model that sees. */

import { thumbnailOf } from "../state/pictures.js";
import { GatewayFailure } from "./failure.js";
import { dataUrlOf } from "./layers.js";
import { sendForJson } from "./send.js";

/** Longer than that, a picture shows a describer nothing more. */
const LONGEST = 1024;

/** Models that see, by their names, those first that need no key. */
const SEEING = [/^pollinations\/openai/, /\/gpt-/, /gemini/, /-vl/i];

/**
 * @param {Blob} picture
 * @param {Model[]} texts  that write
 * @param {(model?: Model) => string | null} authorizationOf
 * @returns {Promise<string>}
 * @throws {GatewayFailure}
 */
export async function describe(picture, texts, authorizationOf) {
  const image = await dataUrlOf(await thumbnailOf(picture, LONGEST));
  /** @param {string} model @param {string | null} authorization */
  const ask = async (model, authorization) => (await sendForJson("/sdapi/v1/interrogate", { json: { image, model }, authorization })).caption;
  try {
    return await ask("clip", authorizationOf());
  } catch (error) {
    const seeing = SEEING.flatMap((name) => texts.filter(({ id }) => name.test(id)));
    const other = seeing.find((model) => !model.token?.required || authorizationOf(model));
    if (!(error instanceof GatewayFailure) || error.status !== 503 || !other) throw error; // 503: the operator named none
    return ask(other.id, authorizationOf(other));
  }
}
