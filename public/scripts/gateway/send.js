/** The only file that calls fetch. */

import { GatewayFailure, failureFromResponse, requestIdOf } from "./failure.js";

/**
 * @param {string} path
 * @param {Sending} [sending]
 * @returns {Promise<Response>} ok
 * @throws {GatewayFailure | DOMException} an AbortError after `signal` was aborted
 */
export async function send(path, { method, headers = {}, json, form, authorization, signal } = {}) {
  const body = form ?? (json === undefined ? undefined : JSON.stringify(json));
  const all = { ...headers };
  if (json !== undefined) all["content-type"] = "application/json";
  if (authorization) all.authorization = authorization;
  method ??= body === undefined ? "GET" : "POST";
  let response;
  try {
    response = await fetch(path, { method, headers: all, body, signal, cache: "no-store", credentials: "same-origin" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new GatewayFailure({ reason: "unreachable" });
  }
  if (!response.ok) throw await failureFromResponse(response);
  return response;
}

/**
 * @param {string} path
 * @param {Sending} [sending]
 * @returns {Promise<any>} what the answer's JSON holds
 * @throws {GatewayFailure | DOMException}
 */
export async function sendForJson(path, sending) {
  const response = await send(path, { ...sending, headers: { accept: "application/json", ...sending?.headers } });
  try {
    return await response.json();
  } catch (error) {
    if (sending?.signal?.aborted) throw error;
    throw new GatewayFailure({ reason: "unreadable", requestId: requestIdOf(response) });
  }
}
