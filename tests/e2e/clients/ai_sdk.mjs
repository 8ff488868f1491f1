// The AI SDK on behalf of a test: one scenario of JSON in, one line of JSON out.
//
// In, on standard input:
//   base_url, token     where to call, and as whom
//   play                a name in `plays`, below
//   provider, model     "openai" or "compatible", and the model's id
//   prompt, source      words (a list of them for `turns`), and a picture as base64
//   tool, options       the parameters of the image tool, and of the provider
// Out: what came of it, as each play says

import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateImage, generateText, isStepCount, streamText } from "ai";

const scenario = JSON.parse(await textOf(process.stdin));
const { model, prompt } = scenario;
const settings = { baseURL: scenario.base_url, apiKey: scenario.token };
const openai = createOpenAI(settings);
const compatible = createOpenAICompatible({ ...settings, name: "darkroom", includeUsage: true });
const provider = scenario.provider === "openai" ? openai : compatible;
const once = { maxRetries: 0 };

const plays = { image, chat, stream, turns };
console.log(JSON.stringify(await plays[scenario.play]()));

// A picture of a prompt, or of a source and a prompt.
async function image() {
  const source = scenario.source && Buffer.from(scenario.source, "base64");
  const asked = source ? { images: [source], text: prompt } : prompt;
  const imageModel = provider.imageModel(model);
  const { images } = await generateImage({ model: imageModel, prompt: asked, ...once });
  return { images: images.map((each) => each.base64) };
}

// A painted chat: its text and usage.
async function chat() {
  const { text, usage } = await generateText({ model: conversation(), prompt, ...once });
  return { text, usage };
}

async function stream() {
  const result = streamText({ model: conversation(), prompt, ...once });
  return { text: await result.text, usage: await result.usage };
}

function conversation() {
  return scenario.provider === "openai" ? openai.chat(model) : compatible.chatModel(model);
}

// A conversation by the Responses API, in which the model may take ten steps a turn.
async function turns() {
  const tools = { image_generation: openai.tools.imageGeneration(scenario.tool) };
  const messages = [];
  const told = [];
  for (const content of prompt) {
    messages.push({ role: "user", content });
    const result = await generateText({
      model: openai.responses(model),
      messages,
      tools,
      stopWhen: isStepCount(10),
      providerOptions: { openai: scenario.options ?? {} },
      ...once,
    });
    messages.push(...result.response.messages);
    const pictures = result.staticToolResults.map((each) => each.output.result);
    told.push({ text: result.text, steps: result.steps.length, pictures });
  }
  return { turns: told };
}

async function textOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
