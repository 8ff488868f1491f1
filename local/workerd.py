"""The Worker of `[env.local]` in workerd itself, without wrangler: for measuring.

`wrangler dev` stands between a caller and the Worker with a proxy of its own and shares its
processor time. Here wrangler only bundles, as it does for a deployment.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.processes import Process, StartFailed, answers
from local.stack import UNLIMITED

HOST = "127.0.0.1"
WRANGLER_CONFIG = Path("wrangler.toml")
BUILD_LIMIT_S = 120.0
START_LIMIT_S = 120.0
LOG = Path("build/logs/workerd.log")
MODULE_TYPES = {
    ".js": "esModule",
    ".wasm": "wasm",
    ".so": "wasm",
    ".zip": "data",
    ".bin": "data",
}

CONFIG = """\
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  v8Flags = {v8_flags},
  services = [
    (name = "darkroom", worker = .darkroom),
    (name = "objects", disk = (path = {objects}, writable = true)),
    (name = "internet", network = (
      allow = ["public", "private"],
      tlsOptions = (trustBrowserCas = true),
    )),
  ],
  sockets = [(name = "http", address = {address}, http = (), service = "darkroom")],
);

const darkroom :Workerd.Worker = (
  modules = {modules},
  compatibilityDate = {date},
  compatibilityFlags = {flags},
  bindings = {bindings},
  durableObjectNamespaces = {namespaces},
  durableObjectStorage = (localDisk = "objects"),
  globalOutbound = "internet",
);
"""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What wrangler made of the Worker, and the compatibility settings it is made for.

    `objects` are the classes of Durable Objects by their bindings.
    """

    directory: Path
    main: str
    date: str
    flags: tuple[str, ...]
    objects: Mapping[str, str]


def build_bundle(directory: Path = Path("build/bundle")) -> Bundle:
    """Bundle the Worker afresh; raises `StartFailed` with wrangler's words."""
    shutil.rmtree(directory, ignore_errors=True)
    wrangler = subprocess.run(
        ["wrangler", "deploy", "--dry-run", "--env", "local", "--outdir", str(directory)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BUILD_LIMIT_S,
        env={**os.environ, **_environment()},
        check=False,
    )
    if wrangler.returncode:
        raise StartFailed(f"wrangler could not bundle the Worker:\n{wrangler.stdout}")
    return find_bundle(directory)


def find_bundle(directory: Path) -> Bundle:
    """The bundle that `build_bundle` left in a directory."""
    document = _local_settings()
    objects = document["durable_objects"]["bindings"]
    return bundle_of(
        directory,
        Path(document["main"]).name,
        {binding["name"]: binding["class_name"] for binding in objects},
    )


def bundle_of(directory: Path, main: str, objects: Mapping[str, str]) -> Bundle:
    """A bundle with the compatibility settings of `[env.local]`."""
    document = _local_settings()
    return Bundle(
        directory=directory,
        main=main,
        date=document["compatibility_date"],
        flags=tuple(document["compatibility_flags"]),
        objects=objects,
    )


def _local_settings() -> dict[str, Any]:
    document = tomllib.loads(WRANGLER_CONFIG.read_text("utf-8"))
    return {**document, **document["env"]["local"]}


def start_workerd(
    bundle: Bundle,
    port: int,
    settings: Mapping[str, str],
    v8_flags: Sequence[str] = (),
    inspector_port: int | None = None,
    *,
    log: Path = LOG,
) -> Process:
    """Start workerd on a bundle, without waiting; `settings` become variables of the Worker.

    Durable Objects begin with nothing. V8's inspector listens at `inspector_port`, if one is named.
    """
    objects = bundle.directory / f"objects-{port}"
    shutil.rmtree(objects, ignore_errors=True)
    objects.mkdir()
    config = bundle.directory / f"config-{port}.capnp"
    address = f"{HOST}:{port}"
    settings = {**UNLIMITED, **settings}
    config.write_text(write_config(bundle, address, settings, objects, v8_flags), "utf-8")
    command = ["workerd", "serve", str(config)]
    if inspector_port is not None:
        command.append(f"--inspector-addr={HOST}:{inspector_port}")
    return Process("workerd", command, log, _environment())


@contextmanager
def running_workerd(
    bundle: Bundle,
    port: int,
    settings: Mapping[str, str],
    v8_flags: Sequence[str] = (),
    inspector_port: int | None = None,
) -> Iterator[Process]:
    """Serve a bundle, yield workerd once it answers, and stop it afterwards.

    Raises `StartFailed` when it does not come up.
    """
    process = start_workerd(bundle, port, settings, v8_flags, inspector_port)
    try:
        process.wait_until(lambda: answers(f"http://{HOST}:{port}/health"), START_LIMIT_S)
        yield process
    finally:
        process.stop()


def write_config(
    bundle: Bundle,
    address: str,
    settings: Mapping[str, str],
    objects: Path,
    v8_flags: Sequence[str] = (),
) -> str:
    """The Cap'n Proto text that tells workerd what to serve, and where; `objects` is a folder."""
    names = sorted(path.name for path in bundle.directory.iterdir() if path.suffix in MODULE_TYPES)
    names.sort(key=lambda name: name != bundle.main)  # the first module is the Worker's own
    modules = [_module(name, bundle.main) for name in names]
    bindings = [
        f"(name = {_text(name)}, text = {_text(value)})" for name, value in settings.items()
    ]
    bindings += [
        f"(name = {_text(name)}, durableObjectNamespace = {_text(kind)})"
        for name, kind in bundle.objects.items()
    ]
    namespaces = [
        f"(className = {_text(kind)}, uniqueKey = {_text(kind)}, enableSql = true)"
        for kind in bundle.objects.values()
    ]
    return CONFIG.format(
        v8_flags=_list(_text(flag) for flag in v8_flags),
        address=_text(address),
        modules=_list(modules),
        date=_text(bundle.date),
        flags=_list(_text(flag) for flag in bundle.flags),
        bindings=_list(bindings),
        namespaces=_list(namespaces),
        objects=_text(str(objects.resolve())),
    )


def _module(file: str, main: str) -> str:
    kind = MODULE_TYPES[Path(file).suffix]
    name = file if file == main else f"./{file}"  # as the bundle's import statements spell it
    return f"(name = {_text(name)}, {kind} = embed {_text(file)})"


def _list(items: Iterable[str]) -> str:
    return f"[{', '.join(items)}]"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _environment() -> dict[str, str]:
    """What wrangler and workerd need to be found, and to stay quiet."""
    tools = (Path(sys.executable).parent, Path("node_modules/.bin").resolve())
    path = os.pathsep.join([*map(str, tools), os.environ["PATH"]])
    return {"PATH": path, "WRANGLER_SEND_METRICS": "false"}
