// A stand-in for the binding AI, offline and without a login: it has the same `run`, and forwards each
// call to the stand-in of the REST API.

const ACCOUNT = "0".repeat(32);
const TOKEN = "good-binding";

export class StandInAi {
  #url;

  constructor(url) {
    this.#url = `${url}/accounts/${ACCOUNT}/ai/run`;
  }

  // Returns what models return: a stream of a picture's bytes, or an object. Throws an error whose
  // message begins with Cloudflare's number.
  async run(model, input, options = {}) {
    const headers = { authorization: `Bearer ${TOKEN}` };
    for (const [name, value] of Object.entries(options.gateway ?? {})) {
      const header = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      const text = typeof value === "object" ? JSON.stringify(value) : String(value);
      headers[header === "id" ? "cf-aig-gateway-id" : `cf-aig-${header}`] = text;
    }
    if (options.rejectIfBusy) headers["x-reject-if-busy"] = "true";
    const isHosted = model.startsWith("@cf/");
    let body;
    if (input.multipart) {
      headers["content-type"] = input.multipart.contentType;
      body = await new Response(input.multipart.body).arrayBuffer();
    } else {
      headers["content-type"] = "application/json";
      body = JSON.stringify(isHosted ? input : { model, input });
    }
    const url = isHosted ? `${this.#url}/${model}` : this.#url;
    const response = await fetch(url, { method: "POST", headers, body });
    const type = response.headers.get("content-type") ?? "";
    if (type.startsWith("image/")) return response.body;
    const text = await response.text();
    if (!type.startsWith("application/json")) return text;
    const answer = JSON.parse(text);
    if (!response.ok) throw inferenceError(answer.errors?.[0]);
    return "success" in answer ? answer.result : answer;
  }
}

function inferenceError(reported) {
  const error = new Error(`${reported?.code ?? 3043}: ${reported?.message ?? "unknown"}`);
  error.name = "InferenceUpstreamError";
  return error;
}
