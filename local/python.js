// Python in workerd's global scope: Pyodide from npm, with the packed Worker on its path.

import createPyodideModule from "pyodide/pyodide.asm.mjs";
import pyodideWasm from "pyodide/pyodide.asm.wasm";
import pythonStdlib from "pyodide/python_stdlib.zip";
import pyodidePackage from "pyodide/package.json";
import pydanticCore from "../python_modules/pydantic_core/_pydantic_core.cpython-314-wasm32-emscripten.so";
import workerZip from "../build/worker.zip";
import * as cloudflareWorkers from "cloudflare:workers";

const ENTRY_MODULE = "entry";
const NOWHERE = "http://pyodide.invalid/";
const PYDANTIC_CORE = "/worker/pydantic_core/_pydantic_core.cpython-314-wasm32-emscripten.so";

// The two modules that Cloudflare's runtime provides and the Workers SDK imports.
const COMPATIBILITY_FLAGS = {};
const ENTRYPOINT_HELPER = {
  cloudflareWorkersModule: cloudflareWorkers,
  cloudflareSocketsModule: {},
  doAnImport: (name) => import(name),
  patchWaitUntil,
};

// JavaScript values that Python holds when all is imported, by the names under which a snapshot
// finds them again. Those of `js` it finds by itself.
const HELD = { COMPATIBILITY_FLAGS, ENTRYPOINT_HELPER, ...ENTRYPOINT_HELPER };

// Boots Python and imports the Worker; what a Worker needs of them.
export function boot() {
  return pretendingToBeABrowser(async () => entryOf(await start()));
}

// Boots Python and imports the Worker; all memory, as a Uint8Array.
export function makeSnapshot() {
  return pretendingToBeABrowser(async () => {
    const pyodide = await start({ _makeSnapshot: true });
    pyodide.runPython(`import ${ENTRY_MODULE}, random, gc; gc.collect()`);
    return pyodide.makeMemorySnapshot({
      serializer: (value) => Object.keys(HELD).find((name) => HELD[name] === value),
    });
  });
}

// Python as it was when the snapshot, an ArrayBuffer, was taken; what a Worker needs of it.
export function restore(snapshot) {
  return pretendingToBeABrowser(async () => {
    const pyodide = await load({
      _loadSnapshot: new Uint8Array(snapshot.transfer()),
      _snapshotDeserializer: (name) => HELD[name],
    });
    delete pyodide._api.config._loadSnapshot; // 45 MB that are in Python's memory now
    unpackWorker(pyodide);
    return entryOf(pyodide);
  });
}

async function start(options = {}) {
  const pyodide = await load(options);
  unpackWorker(pyodide);
  pyodide.runPython("import sys; sys.path.insert(0, '/worker')");
  pyodide.registerJsModule("_cloudflare_compat_flags", COMPATIBILITY_FLAGS);
  pyodide.registerJsModule("_pyodide_entrypoint_helper", ENTRYPOINT_HELPER);
  return pyodide;
}

function entryOf(pyodide) {
  return {
    entry: pyodide.pyimport(ENTRY_MODULE),
    Request: pyodide.pyimport("workers").Request,
    reseed: pyodide.pyimport("random").seed,
  };
}

async function load(options) {
  const { loadPyodide } = await import("pyodide/pyodide.mjs");
  return loadPyodide({
    indexURL: NOWHERE,
    env: { PYTHONHASHSEED: "0" }, // global scope has no entropy
    lockFileContents: {
      info: { abi_version: "2026_0", arch: "wasm32", platform: "emscripten_5_0_3", python: "3.14.2", version: pyodidePackage.version },
      packages: {},
    },
    createPyodideModule: (settings) => createPyodideModule({ ...settings, instantiateWasm, onRuntimeInitialized }),
    ...options,
  });
}

function unpackWorker(pyodide) {
  pyodide.FS.mkdirTree("/worker");
  pyodide.unpackArchive(workerZip, "zip", { extractDir: "/worker" });
}

// Before Python starts, so that the library lies at the same addresses with a snapshot and without.
function onRuntimeInitialized() {
  const library = this.newDSO(PYDANTIC_CORE, undefined, "loading");
  const flags = { loadAsync: false, nodelete: true, allowUndefined: true };
  library.exports = this.loadWebAssemblyModule(pydanticCore, flags, PYDANTIC_CORE);
  this.growMemory(this.INITIAL_MEMORY ?? 0); // which Pyodide sets for a snapshot, and Emscripten does not read
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

// Pyodide's loader asks what its host can do; while `work` is done, the answers fit workerd's global
// scope, which has no entropy and makes no Response.
async function pretendingToBeABrowser(work) {
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
  try {
    return await work();
  } finally {
    booting = false;
    Object.assign(globalThis, { process, fetch });
    for (const name of ["window", "document", "sessionStorage", "location"]) delete globalThis[name];
  }
}
