// The least that a gateway in JavaScript has to do: read the request, ask the upstream, read what it
// says, and answer in OpenAI's shape. It checks nothing, and a job that fails takes its request along.
const SPACE = "flux-1-schnell";
const PAUSE_MS = 50; // between two events that are passed on

export default {
  async fetch(request, env) {
    if (request.method === "GET") return Response.json({ status: "ok" });
    const body = await request.json();
    return body.model === SPACE ? ofSpace(body, env) : ofApi(body, env);
  },
};

async function ofApi({ model, prompt }, env) {
  const [, name] = model.split("/");
  const answer = await post(`${env.UPSTREAM}/v1/images/generations`, { model: name, prompt, n: 1 });
  return Response.json({ created: now(), data: answer.data });
}

async function ofSpace({ prompt, stream, seed = 7 }, env) {
  const queue = `${env.UPSTREAM}/spaces/${env.SUBDOMAIN}/gradio_api/queue`;
  const session_hash = crypto.randomUUID();
  const data = [prompt, seed, false, 1024, 1024, 4];
  await post(`${queue}/join`, { data, fn_index: 2, trigger_id: 5, session_hash });
  const reply = await fetch(`${queue}/data?session_hash=${session_hash}`);
  const messages = events(reply.body);
  if (!stream) {
    for await (const message of messages) {
      if (message.msg === "process_completed") return Response.json(result(message));
    }
  }
  const { readable, writable } = new TransformStream();
  pass(messages, writable.getWriter());
  return new Response(readable, { headers: { "content-type": "text/event-stream" } });
}

async function pass(messages, writer) {
  const encoder = new TextEncoder();
  const send = (type, fields) =>
    writer.write(encoder.encode(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`));
  let sent = 0;
  for await (const message of messages) {
    if (message.msg === "process_completed") {
      await send("image_generation.completed", result(message).data[0]);
      break;
    }
    if (message.msg === "progress" && Date.now() - sent >= PAUSE_MS) {
      sent = Date.now();
      const [{ index, length }] = message.progress_data;
      await send("image_generation.progress", { step: index, steps: length });
    }
  }
  await writer.close();
}

async function* events(body) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const parts = text.split("\n\n");
    text = parts.pop();
    for (const part of parts) yield JSON.parse(part.slice("data: ".length));
  }
}

function result(message) {
  return { created: now(), data: [{ url: message.output.data[0].url }] };
}

async function post(url, body) {
  const headers = { "content-type": "application/json" };
  const reply = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return reply.json();
}

function now() {
  return Math.floor(Date.now() / 1000);
}
