// Runs src/ in plain workerd, with Pyodide from npm.
//
// In production Cloudflare's runtime does this job from a bundle that it downloads: see
// docs/operations.md, "The offline edge".

import snapshot from "../build/snapshot.bin";
import * as cloudflareWorkers from "cloudflare:workers";
import { StandInAi } from "./ai.js";
import { boot, restore } from "./python.js";

// Wasm may be compiled in global scope only, so Python boots and imports everything here. Without
// a snapshot (`local/snapshot.py`) the file is empty.
const python = await (snapshot.byteLength ? restore(snapshot) : boot());

export default {
  async fetch(request, env, ctx) {
    reseedOnce();
    const worker = python.entry.Default(ctx, withAi(env));
    const wrapped = python.Request(request);
    try {
      return unwrap(await promising(worker.fetch, wrapped));
    } finally {
      wrapped.destroy();
      worker.destroy();
    }
  },

  async scheduled(controller, env, ctx) {
    reseedOnce();
    const worker = python.entry.Default(ctx, withAi(env));
    try {
      await promising(worker.scheduled);
    } finally {
      worker.destroy();
    }
  },
};

export const Budgets = durableObject("Budgets");
export const Cooldowns = durableObject("Cooldowns");
export const Boards = durableObject("Boards");
export const Tasks = durableObject("Tasks");
export const Idempotency = durableObject("Idempotency");

// A Durable Object whose class is Python's.
function durableObject(className) {
  return class extends cloudflareWorkers.DurableObject {
    #python;

    constructor(ctx, env) {
      super(ctx, env);
      this.#python = python.entry[className](ctx, withAi(env));
    }

    async fetch(request) {
      reseedOnce();
      const wrapped = python.Request(request);
      try {
        return unwrap(await promising(this.#python.fetch, wrapped));
      } finally {
        wrapped.destroy();
      }
    }

    async alarm() {
      reseedOnce();
      await promising(this.#python.alarm);
    }
  };
}

// The environment with a stand-in for the binding AI, where there is something behind it.
function withAi(env) {
  return env.AI_STAND_IN_URL ? { ...env, AI: new StandInAi(env.AI_STAND_IN_URL) } : env;
}

// Gives Python a stack that it may suspend (pyodide.ffi.run_sync).
function promising(callable, ...args) {
  return callable.callWithOptions({ promising: true }, ...args);
}

// The JavaScript response inside Python's; Python's own is let go of, or it would stay until V8
// happens to look.
function unwrap(response) {
  const inside = response.js_object;
  if (inside === undefined) return response;
  response.destroy();
  return inside;
}

// `random` was seeded without entropy at boot; production reseeds it after the snapshot too.
let reseeded = false;
function reseedOnce() {
  if (reseeded) return;
  reseeded = true;
  python.reseed();
}
