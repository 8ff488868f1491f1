// OpenAI's JavaScript SDK on behalf of a test: one scenario of JSON in, one line of JSON out.
//
// In, on standard input:
//   base_url, token     where to call, and as whom
//   method              such as "images.edit", or "responses.stream", the SDK's reader of events
//   body                the SDK's own parameters; files are {"$file": base64, "name", "type"}
//   max_retries         0 unless it says otherwise
//   leave_after         a type of event after which the stream is aborted
//   client, request     further options of the client and of the call
// Out:
//   result | events | error     what came of it
//   requests                    what was sent: method, path and headers of each attempt

import OpenAI, { toFile } from "openai";

const scenario = JSON.parse(await textOf(process.stdin));
const requests = [];
const client = new OpenAI({
  baseURL: scenario.base_url,
  apiKey: scenario.token,
  maxRetries: scenario.max_retries ?? 0,
  fetch: (url, init) => {
    requests.push({
      method: init.method.toUpperCase(),
      path: new URL(url).pathname,
      headers: Object.fromEntries(new Headers(init.headers)),
    });
    return fetch(url, init);
  },
  ...scenario.client,
});

console.log(JSON.stringify({ ...(await play()), requests }));

async function play() {
  const path = scenario.method.split(".");
  const owner = path.slice(0, -1).reduce((part, name) => part[name], client);
  const body = await withFiles(scenario.body);
  const events = [];
  try {
    const answer = await owner[path.at(-1)](body, scenario.request);
    if (answer.finalResponse) {
      for await (const event of answer) events.push(event);
      return { events, result: await answer.finalResponse() };
    }
    if (!body.stream) return { result: answer, request_id: answer._request_id };
    for await (const event of answer) {
      events.push(event);
      if (event.type === scenario.leave_after) answer.controller.abort();
    }
    return { events };
  } catch (error) {
    return { events, error: told(error) };
  }
}

async function withFiles(value) {
  if (Array.isArray(value)) return Promise.all(value.map(withFiles));
  if (value === null || typeof value !== "object") return value;
  if ("$file" in value) {
    const content = Buffer.from(value.$file, "base64");
    return toFile(content, value.name, { type: value.type });
  }
  const entries = Object.entries(value).map(async ([name, inner]) => [name, await withFiles(inner)]);
  return Object.fromEntries(await Promise.all(entries));
}

function told(error) {
  const { status, code, param, type, message, requestID } = error;
  return { name: error.constructor.name, status, code, param, type, message, request_id: requestID };
}

async function textOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
