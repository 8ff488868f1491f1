"""The peers that are measured side by side, and their start."""

import json
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Template

import httpx

from bench.peers.load import Request
from bench.stage import API, V8_FLAGS, settings_for
from bench.usage import group_processor_s
from local.http_server import HOST
from local.processes import Process, answers, free_port
from local.workerd import build_bundle, start_workerd

HERE = Path(__file__).parent
LOGS = Path("build/logs")
PORTKEY = Path("build/peers/node_modules/@portkey-ai/gateway")
LITELLM = Path(".venv-peers/bin")
START_LIMIT_S = 180.0
DEAD = "dead"
TOKEN = "sk-" + "bench" * 8


@dataclass(frozen=True, slots=True)
class Peer:
    """One of the measured: where it answers, its version and the command that runs it.

    `named` is what it calls a model of the upstream's. `fallback` changes a request for the model
    `small` so that it meets the dead upstream first; without one the peer has no fallbacks.
    """

    name: str
    version: str
    command: str
    url: str
    process: Process
    headers: Mapping[str, str] = field(default_factory=dict)
    named: Callable[[str], str] = str
    fallback: Callable[[Request], Request] | None = None

    def processor_s(self) -> float:
        """The processor time that it has used so far, all of its processes."""
        return group_processor_s(self.process.pid)

    def fit(self, request: Request) -> Request:
        """A request with the headers that this peer needs."""
        return replace(request, headers={**request.headers, **self.headers})


@dataclass(frozen=True, slots=True)
class Place:
    """The ports of a peer and its upstreams, and a folder for its files."""

    port: int
    upstream: str
    dead: str
    folder: Path

    def write(self, template: str, **values: str) -> Path:
        """A file of settings, filled in."""
        text = Template((HERE / template).read_text("utf-8")).substitute(
            port=self.port, upstream=self.upstream, dead=self.dead, folder=self.folder, **values
        )
        path = self.folder / template
        path.write_text(text, "utf-8")
        return path


@contextmanager
def all_running(names: Sequence[str]) -> Iterator[tuple[Peer, list[Peer]]]:
    """Start the upstream and the peers of these names, and stop them; raises `StartFailed`."""
    with ExitStack() as stack:
        upstream = _start_upstream()
        stack.callback(upstream.process.stop)
        dead = f"{HOST}:{free_port()}"
        peers = []
        for name in names:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            place = Place(free_port(), upstream.url.removeprefix("http://"), dead, folder)
            peer = PEERS[name](place)
            stack.callback(peer.process.stop)
            peer.process.wait_until(_answering(peer), START_LIMIT_S)
            peers.append(peer)
        yield upstream, peers


def _answering(peer: Peer) -> Callable[[], bool]:
    """True when it passes a request on: health pages differ from peer to peer."""

    def ask() -> bool:
        body = {"model": peer.named("small"), "prompt": "a cat"}
        url = f"{peer.url}/v1/images/generations"
        try:
            reply = httpx.post(url, json=body, headers=peer.headers, trust_env=False, timeout=60)
        except httpx.HTTPError:
            return False
        return reply.status_code == 200

    return ask


def _start_upstream() -> Peer:
    port = free_port()
    url = f"http://{HOST}:{port}"
    command = [sys.executable, "-m", "local.instant", "--port", str(port)]
    process = Process("the instant upstream", command, LOGS / "instant.log")
    process.wait_until(lambda: answers(f"{url}/_health"), START_LIMIT_S)
    python = f"on Python {platform.python_version()}"
    return Peer("the upstream", python, "python -m local.instant", url, process)


def _nginx(place: Place) -> Peer:
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stderr
    command = [program, "-e", "stderr", "-c", str(place.write("nginx.conf"))]
    return Peer(
        "nginx",
        said.strip().rpartition("/")[2],
        "nginx -c nginx.conf",
        f"http://{HOST}:{place.port}",
        Process("nginx", command, LOGS / "nginx.log"),
        fallback=lambda request: replace(request, path=f"/after-the-dead{request.path}"),
    )


def _bare_worker(place: Place) -> Peer:
    date = tomllib.loads(Path("wrangler.toml").read_text("utf-8"))["compatibility_date"]
    shutil.copy(HERE / "worker.js", place.folder)
    config = place.write("worker.capnp", date=date)
    return Peer(
        "bare Worker",
        f"on workerd {_version(Path('node_modules/workerd'))}",
        "workerd serve worker.capnp",
        f"http://{HOST}:{place.port}",
        Process("the bare Worker", ["workerd", "serve", str(config)], LOGS / "bare.log"),
    )


def _portkey(place: Place) -> Peer:
    target = {"provider": "openai", "api_key": TOKEN}
    living = {**target, "custom_host": f"http://{place.upstream}/v1"}
    order = [{**target, "custom_host": f"http://{place.dead}/v1"}, living]
    config = {"strategy": {"mode": "fallback"}, "targets": order}
    program = PORTKEY / "build/start-server.js"
    command = ["node", str(program), f"--port={place.port}", "--headless"]
    trusted = {"TRUSTED_CUSTOM_HOSTS": f"localhost,{HOST}", "NODE_ENV": "production"}
    return Peer(
        "Portkey",
        _version(PORTKEY),
        "node @portkey-ai/gateway/build/start-server.js --headless",
        f"http://{HOST}:{place.port}",
        Process("Portkey", command, LOGS / "portkey.log", trusted),
        headers={"x-portkey-config": json.dumps(living)},
        fallback=lambda request: replace(
            request, headers={**request.headers, "x-portkey-config": json.dumps(config)}
        ),
    )


def _litellm(place: Place) -> Peer:
    config = str(place.write("litellm.yaml"))
    command = [str(LITELLM / "litellm"), "--config", config, "--host", HOST]
    command += ["--port", str(place.port), "--num_workers", "1", "--telemetry", "False"]
    ask = "from importlib.metadata import version; print(version('litellm'))"
    said = subprocess.run(
        [str(LITELLM / "python"), "-c", ask], capture_output=True, text=True, check=True
    )
    settings = {"LITELLM_MODE": "PRODUCTION", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    settings |= {"LITELLM_LOG": "ERROR", "LITELLM_MASTER_KEY": TOKEN}
    return Peer(
        "LiteLLM",
        said.stdout.strip(),
        "litellm --config litellm.yaml --num_workers 1",
        f"http://{HOST}:{place.port}",
        Process("LiteLLM", command, LOGS / "litellm.log", settings),
        headers={"authorization": f"Bearer {TOKEN}"},
        fallback=lambda request: _renamed(request, DEAD),
    )


def _darkroom(place: Place) -> Peer:
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    settings = settings_for(f"http://{place.upstream}", {DEAD: f"http://{place.dead}"})
    bundle = build_bundle()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return Peer(
        "Darkroom",
        f"{project['version']} ({commit or 'unknown'})",
        f"workerd serve config.capnp ({' '.join(V8_FLAGS)})",
        f"http://{HOST}:{place.port}",
        start_workerd(bundle, place.port, settings, V8_FLAGS),
        headers={"authorization": f"Bearer {API}:{TOKEN}"},
        named=lambda model: f"{API}/{model}",
        fallback=lambda request: replace(
            _renamed(request, [f"{DEAD}/small", f"{API}/small"]),
            headers={**request.headers, "authorization": f"Bearer {DEAD}:{TOKEN},{API}:{TOKEN}"},
        ),
    )


def _renamed(request: Request, model: str | list[str]) -> Request:
    return replace(request, body=json.dumps({**json.loads(request.body), "model": model}).encode())


def _version(package: Path) -> str:
    return str(json.loads((package / "package.json").read_text("utf-8"))["version"])


# From the least to the most.
PEERS: Mapping[str, Callable[[Place], Peer]] = {
    "nginx": _nginx,
    "bare": _bare_worker,
    "portkey": _portkey,
    "litellm": _litellm,
    "darkroom": _darkroom,
}
