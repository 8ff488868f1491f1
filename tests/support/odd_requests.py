"""Requests of every route as its clients make them, and as none would, drawn from a seed."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any
from urllib.parse import quote

from bench.wire import REQUESTS, WireRequest, load_requests
from darkroom.app import ENDPOINTS, handle
from darkroom.blob import BytesBlob
from darkroom.gateway import Gateway
from darkroom.http import Reply, Request, parts_of
from darkroom.multipart import FormFile, form_parts, form_type
from tests.support.background import with_background
from tests.support.fakes import FakeBody, FakeClock, FakeConverter, MemoryHistory
from tests.support.odd import BASE64, TEXTS, Odd, words
from tests.support.odd_upstreams import DATA_URL, PHOTO, OddHttp, Outcome, gateway_before

BOUNDARY = "odd-boundary"
_PLACEHOLDER = re.compile(r"\$([a-z][a-z0-9_]*)")
KNOWN = {"photo": DATA_URL, "mask": DATA_URL, "layer": DATA_URL, "large": DATA_URL,
         "origin": "https://darkroom.example"}  # fmt: skip
HEADERS: Mapping[str, Sequence[str]] = {
    "content-type": ("application/json", "", "text/plain", "multipart/form-data", "image/png", "*/*",
                     "application/x-www-form-urlencoded", "application/json; charset=utf-16"),
    "authorization": ("Bearer", "Bearer hf:hf_good", "Bearer gitee:a,ms:b", "Basic eDp5", "Bearer \u00e9",
                      "Bearer dk_nobody", "x" * 5_000),
    "prefer": ("respond-async", "wait=5", "respond-async, wait=999", ";"),
    "idempotency-key": ("a", "", "x" * 300, "\u00e9"),
    "origin": ("https://page.example", "null", "\x00"), "cache-control": ("no-store", "no-cache", "=,"),
    "accept": ("text/event-stream", "image/png", ""), "range": ("bytes=0-1", "bytes=9-1", "x"),
    "if-none-match": ('"x"', "*"), "x-use-cache": ("false",), "x-wait-for-model": ("true",),
    "cdn-loop": ("darkroom",), "content-length": ("-1", "99999999999999999999"),
}  # fmt: skip


def _dialect_of(path: str) -> str:
    target = path.partition("?")[0]
    found = next((each for each in ENDPOINTS if each.header is None and each.matches(target)), None)
    return found.dialect.name if found else "openai"


def _by_dialect() -> Mapping[str, Sequence[WireRequest]]:
    found = defaultdict(list)
    for each in load_requests(tomllib.loads(REQUESTS.read_text("utf-8"))):
        found[_dialect_of(each.path)].append(each)
    return found


HONEST = _by_dialect()
DIALECTS = tuple(sorted(HONEST))


def odd_request(odd: Odd, honest: WireRequest) -> Request:
    """A request with whatever changes."""
    path = _PLACEHOLDER.sub(lambda match: KNOWN.get(match[1], "x"), honest.path)
    headers = {"cf-connecting-ip": "203.0.113.7", **honest.headers}
    body = b""
    if honest.form is not None:
        headers["content-type"], body = _form(odd, honest.form)
    elif honest.json is not None:
        headers.setdefault("content-type", "application/json")
        body = odd.text(odd.changed(_filled(honest.json)))
    elif honest.text is not None:
        headers.setdefault("content-type", "application/json")
        body = odd.broken(honest.text.encode())
    elif honest.file is not None:
        body = odd.broken(PHOTO)
    elif honest.method == "POST":
        body = odd.text(odd.value())
    if odd.random.random() < 0.2:
        name = odd.random.choice(sorted(HEADERS))
        value = odd.random.choice((*HEADERS[name], *TEXTS[:12]))
        headers[name] = value.encode("latin-1", "replace").decode("latin-1")  # as HTTP has them
    if odd.random.random() < 0.15:
        path = _odd_path(odd, path)
    headers = {name: value for name, value in headers.items() if value is not None}
    return Request(honest.method, f"https://darkroom.example{path}", headers, FakeBody(body))


def _filled(value: Any) -> Any:
    if isinstance(value, str):
        return _PLACEHOLDER.sub(
            lambda match: BASE64 if match[1].endswith("_base64") else KNOWN.get(match[1], match[0]),
            value,
        )
    if isinstance(value, Mapping):
        return {name: _filled(each) for name, each in value.items()}
    return [_filled(each) for each in value] if isinstance(value, list) else value


def _form(odd: Odd, form: Mapping[str, str]) -> tuple[str, bytes]:
    fields: list[tuple[str, str | FormFile]] = []
    for name, value in form.items():
        if value.startswith("@"):
            content = odd.broken(PHOTO) if odd.random.random() < 0.3 else PHOTO
            fields.append((name, FormFile("a.png", BytesBlob(content), "image/png")))
        else:
            fields.append((name, value))
    place = odd.random.randrange(len(fields) + 1)
    match odd.random.randrange(4):
        case 0:
            fields.insert(
                place, (odd.value_name(), str(odd.value()).encode("utf-8", "replace").decode())
            )
        case 1 if place < len(fields):
            fields[place] = (fields[place][0], str(odd.value()).encode("utf-8", "replace").decode())
        case 2 if place < len(fields):
            fields = fields + [fields[place]] * 3
    parts = [
        part if isinstance(part, bytes) else part.head(part.size)
        for part in form_parts(fields, BOUNDARY)
    ]
    data = b"".join(parts)
    return form_type(BOUNDARY), odd.broken(data) if odd.random.random() < 0.3 else data


def _odd_path(odd: Odd, path: str) -> str:
    text = quote(odd.random.choice(TEXTS), safe="/%?=&", errors="replace")
    match odd.random.randrange(4):
        case 0:
            return f"{path}{'&' if '?' in path else '?'}{quote(odd.value_name())}={text}"
        case 1:
            return path + text[:200]
        case 2:
            return path.replace("/", "//", 1)
        case _:
            return path + "/%00%ff..%2f"


async def ask_dialect(dialect: str, seed: int) -> Outcome:
    """Send one odd request to a gateway whose upstreams are all honest."""
    odd = Odd(Random(f"{dialect} {seed}"), words(f"dialects/{dialect}", "generation"))
    requested = odd_request(odd, odd.random.choice(HONEST[dialect]))
    log: list[Mapping[str, object]] = []
    reply = await handle(requested, _gateway(odd), log.append)
    reply = Reply(reply.status, reply.headers, await parts_of(reply.body))
    body = requested.body.data  # type: ignore[attr-defined]
    return Outcome(requested.method, requested.url.partition("example")[2], body, reply, log, ())


def _gateway(odd: Odd) -> Gateway:
    clock = FakeClock()
    gate = gateway_before(OddHttp(odd, clock, oddness=0.0), clock)
    return with_background(replace(gate, history=MemoryHistory(), converter=FakeConverter()))[0]
