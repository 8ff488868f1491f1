"""Recorded answers: their masks, and how two recordings are compared.

Masked is what differs between two recordings of the same gateway, and nothing else:

- Ids of requests, tasks, answers, kept pictures and items of the history, which are drawn, or made
  of the time. They are numbered in the order in which an answer has them, so that one id in two
  places stays one id.
- Times, how long things took, and the ports of the gateway and its stand-ins; `retry-after` where
  it is more than two minutes, for a quota lasts until a certain hour.
- `content-length` of an answer in which anything was masked: its digits may vary.
- Seeds that were drawn and the pictures that they came to, only where a request is marked `random`.
- In event streams, how many progress events there are, their numbers and their messages, which
  depend on when a Space reports: those of one stage that follow each other are one. Heartbeat
  comments come by the clock and are left out. A `sequence_number` is masked if it counts on as it
  should.

Files stand there by their length and SHA-256, and base64 by that of its text.
"""

import difflib
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypedDict

import httpx

_ID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    r"|(?<=req_)[0-9a-f]{32}|(?<=resp_)[0-9a-f]{32}|(?<=ig_)[0-9a-f]{32}"
    r"|(?<=chatcmpl-)[0-9a-f]{24,32}|(?<=/media/)[0-9a-f]{32}"
    r'|(?<="responseId":")[0-9a-f]{32}|(?<="responseId": ")[0-9a-f]{32}'
    r"|(?<![\w.])\d{16}(?![\w.])"  # of the history
)
_TIME = re.compile(
    r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?"  # ISO 8601
    r"|(?<![a-zA-Z0-9.])1[7-9]\d{8}(\.\d+)?(?!\w)"  # seconds since 1970
    r"|(?<!\w)20\d{12}(?!\w)"  # AUTOMATIC1111's job_timestamp
)
_DURATION = re.compile(
    r'("(?:(?:gen|generation|encode|extract)_time|elapsed_seconds|eta_relative)": ?)[\d.e-]+'
)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{200,}={0,2}")
_SEED = re.compile(r'(seeds?\\*"?: ?)(\[[\d, ]*\]|\d+)', re.IGNORECASE)

_DURATION_HEADERS = ("x-process-time", "x-generation-time", "x-edit-time", "x-inference-time")
_SEED_HEADERS = ("x-seed", "x-darkroom-seed")
_LONG_S = 120

_STAGE = re.compile(r'"stage": ?"(queued|running)"')
_PROGRESS = re.compile(
    r'("(?:queue_position|queue_size|eta_seconds|step|total_steps|progress)": ?)(?:null|[\d.e-]+)'
    r'|("reasoning_content": ?)"[^"]*"'
)
_MESSAGE = re.compile(r', ?"message": ?"(?:[^"\\]|\\.)*"')
# Where an answer breaks into lines for a comparison.
_BREAK = re.compile(r"(?<=[,{\[\n])")


class Answer(TypedDict):
    """An answer, masked; `headers` are sorted lines."""

    status: int
    headers: list[str]
    body: str


Recording = Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class Masks:
    """The masks of one recording; `hosts` are names for addresses such as `127.0.0.1:8787`."""

    hosts: Mapping[str, str]

    def answer(self, reply: httpx.Response, *, random: bool = False) -> Answer:
        """What is recorded of an answer; `random` masks seeds and pictures, too."""
        try:
            text = reply.content.decode()
        except UnicodeDecodeError:
            digest = hashlib.sha256(reply.content).hexdigest()
            body = f"<{len(reply.content)} bytes, sha256 {digest}>"
            body, is_whole = ("<a picture>", False) if random else (body, True)
        else:
            is_stream = reply.headers.get("content-type", "").startswith("text/event-stream")
            body = self.events(text, random=random) if is_stream else self.text(text, random=random)
            is_whole = body == _BASE64.sub(_digest, text)
        headers = (
            self._header(name.lower(), value, is_whole=is_whole, random=random)
            for name, value in reply.headers.multi_items()
        )
        return {"status": reply.status_code, "headers": sorted(headers), "body": body}

    def text(self, text: str, *, random: bool = False) -> str:
        """A text without what varies."""
        ids: dict[str, str] = {}
        for host, name in self.hosts.items():
            text = text.replace(host, f"<{name}>")
        text = _BASE64.sub("<base64>" if random else _digest, text)
        text = _SEED.sub(r"\1<seed>", text) if random else text
        text = _ID.sub(lambda match: ids.setdefault(match[0], f"<id {len(ids) + 1}>"), text)
        return _DURATION.sub(r"\1<seconds>", _TIME.sub("<time>", text))

    def events(self, text: str, *, random: bool = False) -> str:
        """The body of an event stream, its progress folded."""
        kept: list[str] = []
        frames = [frame for frame in text.split("\n\n") if not frame.startswith(":")]
        for number, frame in enumerate(frames):
            masked = re.sub(f'("sequence_number": ?){number}\\b', r"\1<next>", frame)
            if _STAGE.search(masked):
                masked = _MESSAGE.sub("", _PROGRESS.sub(r"\1\2<progress>", masked))
                if kept and kept[-1] == masked:
                    continue
            kept.append(masked)
        return self.text("\n\n".join(kept), random=random)

    def _header(self, name: str, value: str, *, is_whole: bool, random: bool) -> str:
        value = self.text(value)
        if name == "server-timing":
            value = re.sub(r"dur=[\d.]+", "dur=<ms>", value)
        elif name in _DURATION_HEADERS:
            value = "<seconds>"
        elif name == "content-length" and not is_whole:
            value = "<length>"
        elif name == "retry-after" and value.isdecimal() and int(value) > _LONG_S:
            value = "<long>"
        elif name in _SEED_HEADERS and random:
            value = "<seed>"
        return f"{name}: {value}"


def compare(old: Recording, new: Recording) -> Iterator[str]:
    """The lines that tell all differences: a request's name, then a unified diff."""
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            yield f"\n{name}"
            before, after = _lines(old.get(name)), _lines(new.get(name))
            yield from difflib.unified_diff(before, after, "old", "new", n=2, lineterm="")


def _lines(answer: Answer | None) -> list[str]:
    if answer is None:
        return ["not recorded"]
    return [f"{answer['status']}", *answer["headers"], "", *_BREAK.split(answer["body"])]


def _digest(match: re.Match[str]) -> str:
    digest = hashlib.sha256(match[0].encode()).hexdigest()
    return f"<base64 of {len(match[0])} characters, sha256 {digest}>"
