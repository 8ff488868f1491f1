/** Pictures, as they come: one request, one stream of events. */

import { GatewayFailure, failureFromBody, requestIdOf } from "./failure.js";
import { requestOf } from "./orders.js";
import { send } from "./send.js";
import { readFrames } from "./sse.js";

const KINDS = /^image_(?:generation|edit)\.(progress|partial_image|completed)$/;

/**
 * Has an order carried out. Ends when every picture came; every other end is thrown.
 *
 * @param {Order} order
 * @param {{authorization: string | null, signal: AbortSignal}} options
 * @returns {AsyncGenerator<PaintingEvent, void>}
 * @throws {GatewayFailure | DOMException} an AbortError after `signal` was aborted
 */
export async function* paint(order, { authorization, signal }) {
  const response = await submit(order, { stream: true }, { authorization, signal });
  yield* readEvents(response, bodyOf(response), Number(order.parameters.n ?? 1), signal);
}

/**
 * Sends an order.
 * @param {Order} order
 * @param {Record<string, boolean>} how  it is to be answered
 * @param {Sending} sending
 * @returns {Promise<Response>} events
 */
export function submit(order, how, sending) {
  const { path, fields, files } = requestOf(order);
  const all = { ...fields, ...how };
  const body = files.length > 0 ? { form: formOf(all, files) } : { json: all };
  return send(path, { ...sending, ...body, headers: { accept: "text/event-stream" } });
}

/** @param {Response} response @returns {ReadableStream<Uint8Array>} of events: whatever else came is thrown as a failure */
export function bodyOf(response) {
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
  if (isStream && response.body) return response.body;
  void response.body?.cancel();
  throw new GatewayFailure({ reason: "unreadable", requestId: requestIdOf(response) });
}

/**
 * @param {Record<string, string | number | boolean>} fields
 * @param {Attached[]} files
 */
function formOf(fields, files) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, String(value));
  for (const { name, file, filename } of files) form.append(name, file, filename);
  return form;
}

/**
 * @param {Response} response
 * @param {ReadableStream<Uint8Array>} body
 * @param {number} wanted  how many pictures
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<PaintingEvent, void>}
 */
async function* readEvents(response, body, wanted, signal) {
  let completed = 0;
  try {
    for await (const frame of readFrames(body)) {
      const event = readEvent(frame, response);
      if (!event) continue;
      if (event.kind === "completed") completed += 1;
      yield event;
    }
  } catch (error) {
    if (completed >= wanted) return; // the pictures are here: how the stream ends no longer matters
    if (signal.aborted || error instanceof GatewayFailure) throw error;
    throw connectionLost(response);
  }
  if (completed === 0) throw connectionLost(response);
}

/**
 * @param {Frame} frame
 * @param {Response} response
 * @returns {PaintingEvent | null} null for what this page does not know: the gateway may learn new events
 * @throws {GatewayFailure} for the event `error`
 */
function readEvent(frame, response) {
  if (frame.data === "[DONE]") return null;
  const requestId = requestIdOf(response);
  let data;
  try {
    data = JSON.parse(frame.data);
  } catch {
    throw new GatewayFailure({ reason: "unreadable", requestId });
  }
  const type = frame.event || data?.type;
  if (type === "error" || data?.error) throw failureFromBody(data, response);
  const kind = typeof type === "string" ? KINDS.exec(type)?.[1] : undefined;
  if (!kind) return null;
  if (kind === "completed" && !data.b64_json) throw new GatewayFailure({ reason: "pictureMissing", requestId });
  return { image_index: 0, ...data, kind, requestId };
}

/** @param {Response} response */
export function connectionLost(response) {
  return new GatewayFailure({ reason: "connectionLost", requestId: requestIdOf(response) });
}
