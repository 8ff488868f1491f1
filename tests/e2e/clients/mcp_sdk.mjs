// The official clients of MCP for JavaScript on behalf of a test: a scenario of JSON on standard
// input, what came of it as a line of JSON on standard output.
//
//   base_url, token  where to call, and as whom
//   sdk              "v1" (2025 alone) or "v2"
//   era              "legacy", "modern" or "auto" (v2 alone)
//   play             a name in PLAYS
//   arguments        those of generate_image
// They live in build/mcp, where `make` installs them.

import { createRequire } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const { resolve } = createRequire(join(process.cwd(), "build/mcp/package.json"));
const load = (name) => import(pathToFileURL(resolve(name)).href);
const scenario = JSON.parse(await text(process.stdin));
const address = new URL(scenario.base_url.replace(/\/v1$/, "/mcp"));
const info = { name: "darkroom-tests", version: "1" };
const headers = { Authorization: `Bearer ${scenario.token}` };

async function connect() {
  if (scenario.sdk === "v1") {
    const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
    const { StreamableHTTPClientTransport } = await load("@modelcontextprotocol/sdk/client/streamableHttp.js");
    const client = new Client(info);
    await client.connect(new StreamableHTTPClientTransport(address, { requestInit: { headers } }));
    const { CallToolResultSchema } = await load("@modelcontextprotocol/sdk/types.js");
    return { client, call: (params, options) => client.callTool(params, CallToolResultSchema, options) };
  }
  const { Client, StreamableHTTPClientTransport } = await load("@modelcontextprotocol/client");
  const mode = scenario.era === "modern" ? { pin: "2026-07-28" } : scenario.era;
  const client = new Client(info, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(address, { requestInit: { headers } }));
  return { client, call: (params, options) => client.callTool(params, options) };
}

const PLAYS = {
  async paint({ client, call }) {
    const { tools } = await client.listTools();
    const progress = [];
    const result = await call(
      { name: "generate_image", arguments: scenario.arguments },
      { onprogress: (notice) => progress.push(notice) },
    );
    const { prompts } = await client.listPrompts();
    const { resources } = await client.listResources();
    const link = result.content.find(({ type }) => type === "resource_link");
    const { contents } = await client.readResource({ uri: link.uri });
    return { tools: tools.map(({ name }) => name), progress, result, prompts, resources, contents };
  },
  async cancel({ call }) {
    const breaker = new AbortController();
    const asking = call(
      { name: "generate_image", arguments: scenario.arguments },
      { signal: breaker.signal, onprogress: () => breaker.abort() },
    );
    return { outcome: await asking.then(() => "done", ({ message }) => message) };
  },
  async burst({ call }) {
    const calls = Array.from({ length: scenario.count }, (_, seed) =>
      call({ name: "generate_image", arguments: { ...scenario.arguments, seed } }, { timeout: 110_000 }),
    );
    const results = await Promise.all(calls);
    return { failed: results.filter(({ isError }) => isError).length, count: results.length };
  },
};

const connected = await connect();
const reported = await PLAYS[scenario.play](connected);
if (scenario.play !== "cancel") await connected.client.close();
console.log(JSON.stringify(reported));
// A call that was broken off may only now be telling the server.
setTimeout(() => process.exit(0), scenario.play === "cancel" ? 1_000 : 0);
