/** The gateway's routes, as this page uses them. The only file that calls fetch. */

import { GatewayFailure, failureFromBody, failureFromResponse, requestIdOf } from "./failure.js";
import { readFrames } from "./sse.js";
import { WORDS } from "./words.js";

/** @typedef {import("./types.js").Model} Model */
/** @typedef {import("./types.js").GenerationEvent} GenerationEvent */

/**
 * @returns {Promise<Model[]>}
 * @throws {GatewayFailure}
 */
export async function listModels() {
  const response = await send("/v1/models", { headers: { accept: "application/json" } });
  const body = await response.json().catch(() => null);
  if (!Array.isArray(body?.data)) throw new GatewayFailure(WORDS.unreadable, { requestId: requestIdOf(response) });
  return body.data;
}

/**
 * Makes one picture. Ends after `image_generation.completed`; every other end is thrown.
 *
 * @param {{model: string, prompt: string}} request
 * @param {{authorization: string | null, signal: AbortSignal}} options
 * @returns {AsyncGenerator<GenerationEvent, void>}
 * @throws {GatewayFailure | DOMException} an AbortError after `signal` was aborted
 */
export async function* generate(request, { authorization, signal }) {
  /** @type {Record<string, string>} */
  const headers = { "content-type": "application/json", accept: "text/event-stream" };
  if (authorization) headers.authorization = authorization;
  const body = JSON.stringify({ ...request, stream: true });
  const response = await send("/v1/images/generations", { method: "POST", headers, body, signal });

  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
  if (!isStream || !response.body) {
    await response.body?.cancel();
    throw new GatewayFailure(WORDS.unreadable, { requestId: requestIdOf(response) });
  }
  yield* readGeneration(response, response.body, signal);
}

/**
 * @param {Response} response
 * @param {ReadableStream<Uint8Array>} body
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<GenerationEvent, void>}
 */
async function* readGeneration(response, body, signal) {
  let completed = false;
  try {
    for await (const frame of readFrames(body)) {
      const event = readEvent(frame, response);
      if (!event) continue;
      completed ||= event.type === "image_generation.completed";
      yield event;
    }
  } catch (error) {
    if (completed) return; // the picture is here: how the stream ends no longer matters
    if (signal.aborted || error instanceof GatewayFailure) throw error;
    throw connectionLost(response);
  }
  if (!completed) throw connectionLost(response);
}

/**
 * @param {import("./sse.js").Frame} frame
 * @param {Response} response
 * @returns {GenerationEvent | null} null for what this page does not know: the gateway may learn new events
 * @throws {GatewayFailure} for the event `error`
 */
function readEvent(frame, response) {
  if (frame.data === "[DONE]") return null;
  let data;
  try {
    data = JSON.parse(frame.data);
  } catch {
    throw new GatewayFailure(WORDS.unreadable, { requestId: requestIdOf(response) });
  }
  const type = frame.event || data?.type;
  if (type === "error" || data?.error) throw failureFromBody(data?.error ?? data, response);
  if (typeof type !== "string" || !type.startsWith("image_generation.")) return null;
  const requestId = requestIdOf(response);
  if (type === "image_generation.completed" && !data.b64_json) {
    throw new GatewayFailure(WORDS.pictureMissing, { requestId });
  }
  return { ...data, type, requestId };
}

/** @param {Response} response */
function connectionLost(response) {
  return new GatewayFailure(WORDS.connectionLost, {
    requestId: requestIdOf(response),
    advice: WORDS.adviceConnection,
  });
}

/**
 * @param {string} path
 * @param {RequestInit} init
 * @returns {Promise<Response>} ok
 * @throws {GatewayFailure | DOMException}
 */
async function send(path, init) {
  let response;
  try {
    response = await fetch(path, { ...init, cache: "no-store", credentials: "same-origin" });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new GatewayFailure(WORDS.unreachable, { advice: WORDS.adviceConnection });
  }
  if (!response.ok) throw await failureFromResponse(response);
  return response;
}
