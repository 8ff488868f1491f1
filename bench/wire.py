"""Wire answers, recorded and compared: whether callers notice a change that should be none.

`python -m bench.wire record FILE` sends the requests of `wire.toml` to Darkroom in workerd before
the stand-ins, one after the other, and writes every answer: status, headers and body, but for what
`wire_answers.py` masks. `python -m bench.wire compare OLD NEW` prints what differs between two such
files, and exits with 1 if anything does.

A recording fails when a route of the table in `app.py` has no request. Two recordings are
comparable when they were made with the same locked packages, since pixels come from Pillow.
"""

import argparse
import io
import json
import random
import re
import sys
import tempfile
import time
import tomllib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import httpx
from PIL import Image

from bench.wire_answers import Answer, Masks, compare
from darkroom.app import ENDPOINTS
from local.processes import StartFailed, free_port, free_ports
from local.stack import API_SETTINGS, Plan, running

REQUESTS = Path(__file__).with_suffix(".toml")
LIMIT_S, POLL_S = 120.0, 0.1
BOUNDARY = "wire-boundary"
NO_ANSWER = 599  # the status of a connection that broke
CLIENT = {
    "accept-encoding": "identity",
    "cf-connecting-ip": "203.0.113.7",  # what callers without a credential are known by
    "user-agent": "wire",
}
_PLACEHOLDER = re.compile(r"\$([a-z][a-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One request of the set; `wire.toml` says what its fields mean."""

    name: str
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    text: str | None = None
    form: Mapping[str, str] | None = None
    file: str | None = None
    keep: Mapping[str, str] = field(default_factory=dict)
    until: str | None = None
    random: bool = False
    start: bool = False
    finish: bool = False


def load_requests(document: Mapping[str, Any]) -> list[WireRequest]:
    """All requests, in order. Raises `ValueError` when two have one name."""
    requests = [
        _read_request(route, row)
        for route in document["route"]
        for row in (
            *route.get("requests", ()),
            *({"name": name, **document["error"][name]} for name in route.get("errors", ())),
        )
    ]
    names = [request.name for request in requests]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two requests of one name: {', '.join(sorted(twice))}")
    return requests


def _read_request(route: Mapping[str, Any], row: Mapping[str, Any]) -> WireRequest:
    fields = {k: v for k, v in {**route, **row}.items() if k not in ("requests", "errors")}
    if row.keys() & {"text", "form", "file"}:
        fields.pop("json", None)
    elif "json" in fields:
        without = fields.pop("without", ())
        body = {**route.get("json", {}), **row.get("json", {})}
        fields["json"] = {name: value for name, value in body.items() if name not in without}
    fields["headers"] = {**route.get("headers", {}), **row.get("headers", {})}
    if token := fields.pop("token", None):
        fields["headers"]["authorization"] = f"Bearer {token}"
    fields["method"] = method = fields.get("method", "POST")
    fields["path"] = path = route["path"] + fields.pop("tail", "")
    return WireRequest(**{**fields, "name": f"{method} {path}: {row['name']}"})


def methods_of(endpoint: Any) -> Sequence[str]:
    """The methods of a row of the route table, whichever name the table has for them."""
    return list(getattr(endpoint, "routes", None) or getattr(endpoint, "handlers", None) or ())


def uncovered(requests: Sequence[WireRequest]) -> list[str]:
    """The routes of the table, and their methods, that no request is for."""
    missing = {
        (index, method): f"{method or 'anything'} {endpoint.path}{endpoint.verb}"
        for index, endpoint in enumerate(ENDPOINTS)
        for method in methods_of(endpoint) or ("",)
    }
    for request in requests:
        path = request.path.partition("?")[0]
        found = next((i for i, endpoint in enumerate(ENDPOINTS) if endpoint.matches(path)), -1)
        missing.pop((found, request.method), None)
        missing.pop((found, ""), None)
    return list(missing.values())


class Recorder:
    """Sends requests to one gateway, and remembers what later requests take from answers."""

    def __init__(self, client: httpx.Client, background: Executor, masks: Masks) -> None:
        self._client, self._background, self._masks = client, background, masks
        self._url = url = str(client.base_url).rstrip("/")
        self._files = make_pictures()
        self._known = {"origin": url}
        for name, content in self._files.items():
            self._known[f"{name}_base64"] = b64encode(content).decode()
            self._known[name] = f"data:image/png;base64,{self._known[f'{name}_base64']}"
        self._started: Future[httpx.Response] | None = None

    def record(self, request: WireRequest) -> Answer | None:
        """The masked answer; None for one that is only started."""
        if request.start:
            self._started = self._background.submit(self._send, request)
            return None
        if request.finish and self._started is not None:
            reply = self._started.result()
        else:
            reply = self._send(request)
        until = time.monotonic() + LIMIT_S / 4
        while request.until and request.until not in reply.text and time.monotonic() < until:
            time.sleep(POLL_S)
            reply = self._send(request)
        for name, place in request.keep.items():
            self._known[name] = self._find(reply, place)
        return self._masks.answer(reply, random=request.random)

    def _send(self, request: WireRequest) -> httpx.Response:
        content, kind = self._body(request)
        headers = {"content-type": kind} if kind else {}
        headers |= {name: self._fill(value) for name, value in request.headers.items()}
        path = self._fill(request.path)
        try:
            return self._client.request(request.method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            return httpx.Response(NO_ANSWER, text=f"no answer: {type(error).__name__}")

    def _body(self, request: WireRequest) -> tuple[bytes | None, str | None]:
        if request.json is not None:
            return json.dumps(self._fill(request.json)).encode(), "application/json"
        if request.text is not None:
            return self._fill(request.text).encode(), "application/json"
        if request.file is not None:
            return self._files[request.file], "image/png"
        if request.form is not None:
            return self._form(request.form), f"multipart/form-data; boundary={BOUNDARY}"
        return None, None

    def _form(self, fields: Mapping[str, str]) -> bytes:
        parts = []
        for name, value in fields.items():
            head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
            if value.startswith("@"):
                head += f'; filename="{value[1:]}.png"\r\nContent-Type: image/png'
            content = self._files[value[1:]] if value.startswith("@") else value.encode()
            parts.append(head.encode() + b"\r\n\r\n" + content + b"\r\n")
        return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()

    def _fill(self, value: Any) -> Any:
        """A value with its placeholders replaced by pictures and by what was kept."""
        match value:
            case str():
                return _PLACEHOLDER.sub(lambda match: self._known[match[1]], value)
            case Mapping():
                return {name: self._fill(entry) for name, entry in value.items()}
            case list():
                return [self._fill(entry) for entry in value]
        return value

    def _find(self, reply: httpx.Response, place: str) -> str:
        """What an answer has at a place such as `data.0.url`, an own address by its name alone."""
        try:
            value = reply.json()
            for step in place.split("."):
                value = value[int(step) if step.isdecimal() else step]
        except (ValueError, LookupError, TypeError):
            print(f"bench.wire: no {place} in {reply.text[:200]}", file=sys.stderr)
            return "missing"
        text = str(value)
        return text.rpartition("/")[2] if text.startswith(self._url) else text


def make_pictures() -> dict[str, bytes]:
    """The pictures that requests hold, always the same: PNGs by their names."""
    gradient = Image.linear_gradient("L").resize((256, 192))
    photo = Image.merge("RGB", (gradient, gradient.transpose(Image.Transpose.ROTATE_180), gradient))
    mask = Image.new("RGBA", photo.size, (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (0, 0, 128, 192))
    layer = photo.convert("RGBA")
    layer.putalpha(gradient)
    noise = random.Random(1).randbytes(400 * 300 * 3)
    large = Image.frombytes("RGB", (400, 300), noise)  # too large for Python's heap in the Worker
    return {
        name: _png(image)
        for name, image in {"photo": photo, "mask": mask, "layer": layer, "large": large}.items()
    }


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def record(path: Path) -> None:
    """Record all answers into a file. Raises `StartFailed` where that cannot begin."""
    document = tomllib.loads(REQUESTS.read_text("utf-8"))
    requests = load_requests(document)
    if missing := uncovered(requests):
        raise StartFailed(f"{REQUESTS.name} has no request for {', '.join(missing)}")
    recording: dict[str, Answer] = {}
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(
            port=free_port(),
            upstream_port=free_ports(len(API_SETTINGS) + 1),
            state=Path(folder) / "state",
            logs=Path(folder),
            spaces=("--step-seconds", "0.02"),
            apis=("--poll-steps", "1", "--step-seconds", "0.02"),
            vars=document["vars"],
        )
        urls = {"darkroom": plan.url, "spaces": plan.spaces_url, **plan.api_urls}
        masks = Masks({url.partition("//")[2]: name for name, url in urls.items()})
        with (
            running(plan),
            httpx.Client(base_url=plan.url, timeout=LIMIT_S, headers=CLIENT) as client,
            ThreadPoolExecutor() as background,
        ):
            ready = time.monotonic()
            recorder = Recorder(client, background, masks)
            for request in requests:
                answer = recorder.record(request)
                if answer is not None:
                    recording[request.name] = answer
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(recording, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(
        f"{len(recording)} answers of {len(ENDPOINTS)} routes in {path}: "
        f"{time.monotonic() - ready:.0f} s, and {ready - began:.0f} s to start",
        file=sys.stderr,
    )


def main() -> int:
    """Record or compare; the exit status is 1 when there are differences, or nothing started."""
    parser = argparse.ArgumentParser(prog="python -m bench.wire", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("record").add_argument("file", type=Path)
    comparing = commands.add_parser("compare")
    comparing.add_argument("old", type=Path)
    comparing.add_argument("new", type=Path)
    options = parser.parse_args()
    if options.command == "record":
        try:
            record(options.file)
        except StartFailed as failure:
            print(failure, file=sys.stderr)
            return 1
        return 0
    old, new = (json.loads(path.read_text("utf-8")) for path in (options.old, options.new))
    differences = list(compare(old, new))
    print("\n".join(differences) or f"{len(new)} answers, and no differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
