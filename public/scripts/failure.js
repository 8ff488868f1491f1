/** The one kind of failure this page shows, and how to read one out of an answer. */

import { WORDS } from "./words.js";

/**
 * @typedef {object} FailureFacts
 * @property {number} [status]  HTTP status, when there was an answer
 * @property {string | null} [type]
 * @property {string | null} [code]
 * @property {string | null} [requestId]
 * @property {number | null} [retryAfterS]
 * @property {string} [advice]  overrides the advice that the other facts lead to
 */

export class GatewayFailure extends Error {
  /**
   * @param {string} message
   * @param {FailureFacts} [facts]
   */
  constructor(message, facts = {}) {
    super(message);
    this.name = "GatewayFailure";
    this.code = facts.code ?? null;
    this.requestId = facts.requestId ?? null;
    this.advice = facts.advice ?? adviceFor(facts);
  }
}

/**
 * @param {Response} response  not ok
 * @returns {Promise<GatewayFailure>}
 */
export async function failureFromResponse(response) {
  // Whatever stands in front of the gateway may answer HTML, so a body that is not ours is expected here.
  const body = await response.json().catch(() => null);
  return failureFromBody(body?.error, response);
}

/**
 * @param {import("./types.js").ErrorBody | null | undefined} error
 * @param {Response} response  the answer it came in: of an error that came later in a stream, the status says 200
 * @returns {GatewayFailure}
 */
export function failureFromBody(error, response) {
  const message = error?.message || (response.ok ? WORDS.unreadable : WORDS.unexplained(response.status));
  return new GatewayFailure(message, {
    status: response.ok ? undefined : response.status,
    type: error?.type,
    code: error?.code,
    requestId: requestIdOf(response),
    retryAfterS: retryAfterOf(response),
  });
}

/** @param {Response} response */
export function requestIdOf(response) {
  return response.headers.get("x-request-id");
}

/** @param {Response} response */
function retryAfterOf(response) {
  const seconds = Number(response.headers.get("retry-after") ?? NaN);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}

/** @param {FailureFacts} facts */
function adviceFor({ status, type, code, requestId, retryAfterS }) {
  const kind = `${type ?? ""} ${code ?? ""}`;
  if (status === 429 || /rate_limit|quota/.test(kind)) {
    return retryAfterS ? WORDS.adviceWait(retryAfterS) : WORDS.adviceQuota;
  }
  if (status === 401 || status === 403 || /authentication|permission|api_key/.test(kind)) return WORDS.adviceAccess;
  if ((status && status < 500) || /invalid_request|content_policy|moderation/.test(kind)) return WORDS.adviceRequest;
  return requestId ? `${WORDS.adviceRetry} ${WORDS.adviceReport}` : WORDS.adviceRetry;
}
