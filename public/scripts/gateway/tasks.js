/** Pictures as tasks: each goes on when the page is gone, and is taken up again by its id. */

import { failureFromBody, GatewayFailure, requestIdOf } from "./failure.js";
import { bodyOf, connectionLost, submit } from "./painting.js";
import { send } from "./send.js";
import { readFrames } from "./sse.js";

/** Of HTTP/1.1 a browser opens six connections to a host, and the page needs some for all else. */
const MOST_STREAMS = performance.getEntriesByType("navigation").some((entry) => /** @type {any} */ (entry).nextHopProtocol === "http/1.1") ? 4 : Infinity;

/** How long to wait before the events are asked for again, and how often. */
const PAUSES_MS = [500, 1000, 2000, 4000, 8000, 15000];

let open = 0;
/** @type {(() => void)[]} */
const waiting = [];

/**
 * Has an order carried out as a task, or follows one. Ends when its pictures came; every other end is thrown.
 * @param {Order | string} task  or its id
 * @param {{authorization: string | null, signal: AbortSignal, onCreated: (id: string) => void}} options
 * @returns {AsyncGenerator<PaintingEvent, void>}
 * @throws {GatewayFailure | DOMException} an AbortError after `signal` was aborted; that ends no task
 */
export async function* paintTask(task, { authorization, signal, onCreated }) {
  let id = typeof task === "string" ? task : "";
  let seen = "";
  for (let tries = 0; ; tries += 1) {
    await enter();
    try {
      signal.throwIfAborted();
      const response = typeof task === "string" || id
        ? await send(`/v1/tasks/${id}/events`, { headers: seen ? { "last-event-id": seen } : {}, signal })
        : await submit(task, { async: true, stream: true }, { authorization, signal });
      for await (const frame of readFrames(bodyOf(response))) {
        seen = frame.id || seen;
        tries = 0;
        const data = JSON.parse(frame.data);
        if (frame.event === "task.created") onCreated(id = data.id);
        if (frame.event === "task.failed" || frame.event === "task.cancelled") throw failureFromBody(data, response);
        if (frame.event === "task.completed") return yield* picturesOf(data, response);
        const kind = /^task\.(progress|partial_image)$/.exec(frame.event)?.[1];
        if (kind) yield { ...data, kind, requestId: requestIdOf(response) };
      }
      throw connectionLost(response); // an `error` event, too: the task may well go on
    } catch (error) {
      if (signal.aborted || !id || !isLost(error) || tries >= PAUSES_MS.length) throw error;
    } finally {
      leave();
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSES_MS[tries]));
  }
}

/** Takes a task back, also upstream. @param {string} id */
export const cancelTask = (id) => send(`/v1/tasks/${id}`, { method: "DELETE" });

/**
 * @param {any} task  its `result` is the answer that the request would have been given
 * @param {Response} response
 * @returns {Generator<CompletedEvent, void>}
 */
function* picturesOf({ created_at, ended_at, result: { data, model, provider, output_format } }, response) {
  const [requestId, tookS] = [requestIdOf(response), ended_at - created_at];
  for (const [image_index, { b64_json, seed }] of data.entries()) {
    if (!b64_json) throw new GatewayFailure({ reason: "pictureMissing", requestId });
    yield { kind: "completed", image_index, b64_json, seed, model, provider, output_format, requestId, tookS };
  }
}

/** Whether it was the connection that failed, and not the task. @param {unknown} error */
function isLost(error) {
  if (!(error instanceof GatewayFailure)) return error instanceof TypeError; // a stream that broke off
  return error.reason === "unreachable" || error.reason === "connectionLost" || (error.status ?? 0) >= 500;
}

async function enter() {
  if (open >= MOST_STREAMS) await new Promise((resolve) => waiting.push(() => resolve(null)));
  open += 1;
}

function leave() {
  open -= 1;
  waiting.shift()?.();
}
