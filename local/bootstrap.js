// Runs src/ in plain workerd, with Pyodide from npm.
//
// In production Cloudflare's runtime does this job from a bundle that it downloads: see
// docs/operations.md, "The offline edge".

import createPyodideModule from "pyodide/pyodide.asm.mjs";
import pyodideWasm from "pyodide/pyodide.asm.wasm";
import pythonStdlib from "pyodide/python_stdlib.zip";
import pyodidePackage from "pyodide/package.json";
import workerZip from "../build/worker.zip";
import * as cloudflareWorkers from "cloudflare:workers";

const ENTRY_MODULE = "entry";
const NOWHERE = "http://pyodide.invalid/";

// Wasm may be compiled in global scope only, so Python boots and imports everything here.
const python = await boot();

export default {
  async fetch(request, env, ctx) {
    reseedOnce();
    const worker = python.entry.Default(ctx, env);
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
    const worker = python.entry.Default(ctx, env);
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
      this.#python = python.entry[className](ctx, env);
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

async function boot() {
  const restore = pretendToBeABrowser();
  try {
    const { loadPyodide } = await import("pyodide/pyodide.mjs");
    const pyodide = await loadPyodide({
      indexURL: NOWHERE,
      env: { PYTHONHASHSEED: "0" }, // global scope has no entropy
      lockFileContents: {
        info: { abi_version: "2026_0", arch: "wasm32", platform: "emscripten_5_0_3", python: "3.14.2", version: pyodidePackage.version },
        packages: {},
      },
      createPyodideModule: (settings) => createPyodideModule({ ...settings, instantiateWasm }),
    });
    pyodide.FS.mkdirTree("/worker");
    pyodide.unpackArchive(workerZip, "zip", { extractDir: "/worker" });
    pyodide.runPython("import sys; sys.path.insert(0, '/worker')");
    // The two modules that Cloudflare's runtime provides and the Workers SDK imports.
    pyodide.registerJsModule("_cloudflare_compat_flags", {});
    pyodide.registerJsModule("_pyodide_entrypoint_helper", {
      cloudflareWorkersModule: cloudflareWorkers,
      cloudflareSocketsModule: {},
      doAnImport: (name) => import(name),
      patchWaitUntil,
    });
    return {
      entry: pyodide.pyimport(ENTRY_MODULE),
      Request: pyodide.pyimport("workers").Request,
      reseed: pyodide.pyimport("random").seed,
    };
  } finally {
    restore();
  }
}

function instantiateWasm(imports, done) {
  const errorMarker = Symbol("error");
  imports.env.Jsv_GetError_import = () => errorMarker;
  imports.env.JsvError_Check = (value) => value === errorMarker;
  WebAssembly.instantiate(pyodideWasm, imports).then((instance) => done(instance, pyodideWasm));
  return {};
}

// Python lends waitUntil its awaitable; a copy outlives the call.
function patchWaitUntil(ctx) {
  const waitUntil = ctx.waitUntil.bind(ctx);
  ctx.waitUntil = (awaitable) => {
    const owned = awaitable.copy ? awaitable.copy() : awaitable;
    waitUntil(
      (async () => {
        try {
          await owned;
        } finally {
          owned.destroy?.();
        }
      })(),
    );
  };
}

// Pyodide's loader asks what its host can do; these answers fit workerd's global scope, which has
// no entropy and makes no Response. Returns what undoes them.
function pretendToBeABrowser() {
  const { process, fetch } = globalThis;
  const getRandomValues = crypto.getRandomValues.bind(crypto);
  let booting = true;
  Object.assign(globalThis, {
    process: undefined, // else the loader takes workerd for Node
    window: { sessionStorage: {} },
    document: { createElement() {} },
    sessionStorage: {},
    location: new URL(NOWHERE),
    fetch: async (url) => ({
      ok: true,
      arrayBuffer: async () => (String(url).endsWith(".zip") ? pythonStdlib : new ArrayBuffer(0)),
    }),
  });
  Object.defineProperty(crypto, "getRandomValues", {
    configurable: true,
    value: (view) => (booting ? view.fill(4) : getRandomValues(view)),
  });
  return () => {
    booting = false;
    Object.assign(globalThis, { process, fetch });
    for (const name of ["window", "document", "sessionStorage", "location"]) delete globalThis[name];
  };
}
