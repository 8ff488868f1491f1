/** The one kind of failure that this page shows, and how to read one out of an answer. */

export class GatewayFailure extends Error {
  /** @param {FailureFacts} facts */
  constructor(facts) {
    super(facts.message ?? facts.reason);
    this.name = "GatewayFailure";
    this.reason = facts.message ? null : (facts.reason ?? "unexplained");
    this.status = facts.status ?? null;
    this.code = facts.code ?? null;
    this.requestId = facts.requestId ?? null;
    this.retryAfterS = facts.retryAfterS ?? null;
    this.tried = triedOf(facts.tried ?? []);
    this.advice = adviceFor(facts);
  }
}

/**
 * @param {Response} response  not ok
 * @returns {Promise<GatewayFailure>}
 */
export async function failureFromResponse(response) {
  // Whatever stands in front of the gateway may answer HTML, so a body that is not ours is expected here.
  const body = await response.json().catch(() => null);
  return failureFromBody(body, response);
}

/**
 * @param {any} body  `{error: {message, …}}`, that error itself, or `{detail}` as the studio's routes answer
 * @param {Response} response  the answer it came in: of an error that came later in a stream, the status says 200
 * @returns {GatewayFailure}
 */
export function failureFromBody(body, response) {
  const error = body?.error ?? body;
  return new GatewayFailure({
    reason: response.ok ? "unreadable" : "unexplained",
    message: messageOf(error),
    status: response.ok ? undefined : response.status,
    type: error?.type,
    code: error?.code,
    requestId: requestIdOf(response),
    retryAfterS: error?.retry_after ?? retryAfterOf(response),
    tried: error?.tried ?? response.headers.get("x-darkroom-tried")?.split(", "),
  });
}

/**
 * What was really tried, each once, with how often.
 * @param {string[]} tried  "provider:owner/name#1=code"
 * @returns {string[]} "name ×2"
 */
function triedOf(tried) {
  const names = tried.map((text) => text.replace(/^[^:]*:/, "").replace(/(#\d+)?=.*$/, "").split("/").at(-1) ?? "");
  return [...Map.groupBy(names.filter(Boolean), (name) => name)].map(([name, { length }]) => (length > 1 ? `${name} ×${length}` : name));
}

/** @param {Response} response */
export function requestIdOf(response) {
  return response.headers.get("x-request-id");
}

/** @param {any} error */
function messageOf(error) {
  if (typeof error?.message === "string" && error.message) return error.message;
  const { detail } = error ?? {};
  if (typeof detail === "string" && detail) return detail;
  if (!Array.isArray(detail)) return undefined;
  return detail.map(({ loc, msg }) => [loc?.slice(1).join("."), msg].filter(Boolean).join(": ")).join("; ") || undefined;
}

/** @param {Response} response */
function retryAfterOf(response) {
  const seconds = Number(response.headers.get("retry-after") ?? NaN);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}

/**
 * @param {FailureFacts} facts
 * @returns {Advice}
 */
function adviceFor({ reason, message, status, type, code, retryAfterS }) {
  if (!message && (reason === "unreachable" || reason === "connectionLost")) return "connection";
  const kind = `${type ?? ""} ${code ?? ""}`;
  if (status === 429 || /rate_limit|quota/.test(kind)) return retryAfterS ? "wait" : "quota";
  if (status === 401 || status === 403 || /authentication|permission|api_key|credential/.test(kind)) return "access";
  if ((status && status < 500) || /invalid_request|content_policy|moderation/.test(kind)) return "request";
  return "retry";
}
