// OpenAI's Agents SDK for JavaScript on behalf of a test: JSON in, one line of JSON out.
//
// In, on standard input:
//   base_url, token     where to call, and as whom
//   prompts             what the user says, turn by turn
//   tool                the parameters of the image tool
//   stream              whether the runs are streamed
//   by_id               whether a turn names the response before it instead of sending its items
// Out:
//   turns               of each: `output`, the final words, and `pictures`, how many there are

import { Agent, run, setTracingDisabled } from "@openai/agents-core";
import { imageGenerationTool, OpenAIResponsesModel } from "@openai/agents-openai";
import OpenAI from "openai";

const scenario = JSON.parse(await textOf(process.stdin));
setTracingDisabled(true);
const client = new OpenAI({ baseURL: scenario.base_url, apiKey: scenario.token, maxRetries: 0 });
const agent = new Agent({
  name: "painter",
  model: new OpenAIResponsesModel(client, "gpt-5.4"),
  tools: [imageGenerationTool(scenario.tool)],
});

const turns = [];
let history = [];
let previousResponseId;
for (const content of scenario.prompts) {
  const said = { role: "user", content };
  const input = scenario.by_id ? [said] : [...history, said];
  const result = await run(agent, input, { stream: scenario.stream, previousResponseId });
  if (scenario.stream) await result.completed;
  history = result.history;
  if (scenario.by_id) previousResponseId = result.lastResponseId;
  const calls = result.newItems.filter((item) => item.rawItem.type === "hosted_tool_call");
  turns.push({ output: result.finalOutput, pictures: calls.length });
}
console.log(JSON.stringify({ turns }));

async function textOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
