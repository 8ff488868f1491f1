"""The misbehaviours that a prompt or a mode can ask for, as data."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Which part of an answer a misbehaviour changes."""

    STATUS = "status and headers"
    BODY = "JSON of the body or event"
    CONTENT = "what an otherwise honest answer says"
    TRANSPORT = "how the bytes are sent"


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """One directive, `[[name]]` or `[[name:argument]]`; `default` is its usual argument."""

    name: str
    kind: Kind
    sentence: str
    default: str = ""

    @property
    def spelling(self) -> str:
        """How it is written in a prompt."""
        return f"[[{self.name}:{self.default}]]" if self.default else f"[[{self.name}]]"


STAGES = {
    "config": "a Space's /config",
    "upload": "a Space's /upload",
    "join": "a Space's /queue/join",
    "event": "a Space's /queue/data",
    "cancel": "a Space's /cancel",
    "answer": "an API's answer to a POST, streams included",
    "poll": "an API's answer about a task",
    "file": "the picture's file",
}

MISBEHAVIOURS = (
    Misbehaviour("status", Kind.STATUS, "The answer has this status.", "400"),
    Misbehaviour("refuse", Kind.STATUS, "A 401, whatever token came along."),
    Misbehaviour("retry", Kind.STATUS, "A 429 with this Retry-After.", "9999999"),
    Misbehaviour("redirect", Kind.STATUS, "A 302 to this address.", "http://{forbidden}/x.png"),
    Misbehaviour("type", Kind.STATUS, "The answer has this content type.", "image/svg+xml"),
    Misbehaviour("html", Kind.STATUS, "Content type text/html; a chat's text holds a script."),
    Misbehaviour("headers", Kind.STATUS, "So many headers of 200 bytes each.", "2000"),
    Misbehaviour("cookie", Kind.STATUS, "The answer sets a cookie and allows the origin `*`."),
    Misbehaviour("replica", Kind.STATUS, "The header of a replica is this.", "x-@{forbidden}"),
    Misbehaviour("deep", Kind.BODY, "The whole is this many lists in each other.", "5000"),
    Misbehaviour("objects", Kind.BODY, "The whole is this many objects in each other.", "5000"),
    Misbehaviour("unclosed", Kind.BODY, "The whole is this many `[` and no `]`.", "5000"),
    Misbehaviour("field", Kind.BODY, "A field more holds this many lists in each other.", "5000"),
    Misbehaviour("many", Kind.BODY, "A field more holds this many empty objects.", "300000"),
    Misbehaviour("strings", Kind.BODY, "A field more holds this many empty strings.", "300000"),
    Misbehaviour("keys", Kind.BODY, "So many unknown fields more.", "100000"),
    Misbehaviour("nan", Kind.BODY, "All numbers are NaN, Infinity or -Infinity."),
    Misbehaviour("huge", Kind.BODY, "All numbers have this many digits.", "5000"),
    Misbehaviour("exponent", Kind.BODY, "All numbers are 1e400."),
    Misbehaviour("surrogates", Kind.BODY, "Texts for people hold half a surrogate pair."),
    Misbehaviour("null", Kind.BODY, "The whole is null."),
    Misbehaviour("text", Kind.BODY, "The whole is a text that is not JSON."),
    Misbehaviour("wordy", Kind.BODY, "Texts for people have this many characters.", "200000"),
    Misbehaviour("echo", Kind.BODY, "Texts for people repeat the request's headers."),
    Misbehaviour("prefix", Kind.CONTENT, "A Space's api_prefix is this text.", "@{forbidden}"),
    Misbehaviour("prefixes", Kind.CONTENT, "A Space's api_prefix is a list or an object."),
    Misbehaviour("root", Kind.CONTENT, "A Space's root is this address.", "http://{forbidden}"),
    Misbehaviour(
        "picture", Kind.CONTENT, "The picture has this address.", "http://{forbidden}/x.png"
    ),
    Misbehaviour("path", Kind.CONTENT, "A Space's picture has this path.", "@{forbidden}/x.png"),
    Misbehaviour("output", Kind.CONTENT, "A Space's output is this text.", "/x/../file=x.png"),
    Misbehaviour("slashes", Kind.CONTENT, "A Space's output is / and so many file=.", "60000"),
    Misbehaviour("spaces", Kind.CONTENT, "Texts have a run of so many spaces.", "60000"),
    Misbehaviour("nested", Kind.CONTENT, "The picture stands in this many lists.", "3000"),
    Misbehaviour("pictures", Kind.CONTENT, "The answer names this many pictures.", "20000"),
    Misbehaviour("preview", Kind.CONTENT, "A preview with this address.", "http://{forbidden}/x.png"),
    Misbehaviour("diffs", Kind.CONTENT, "So many events whose diffs append to a list.", "500"),
    Misbehaviour("fail", Kind.CONTENT, "The job or the request fails in an honest way."),
    Misbehaviour("info", Kind.CONTENT, "AUTOMATIC1111's info has this many lists.", "5000"),
    Misbehaviour("task", Kind.CONTENT, "The task has this id.", "../../x"),
    Misbehaviour("polling", Kind.CONTENT, "BFL's polling_url is this.", "http://{forbidden}/poll"),
    Misbehaviour("state", Kind.CONTENT, "The task is in this state, for ever.", "PONDERING"),
    Misbehaviour("stateless", Kind.CONTENT, "The task has no state, for ever."),
    Misbehaviour("big", Kind.CONTENT, "The picture's file has this many MB.", "8"),
    Misbehaviour("inline", Kind.CONTENT, "The picture comes as base64 where an API can."),
    Misbehaviour("stall", Kind.TRANSPORT, "Nothing is answered; a stream stops after its start."),
    Misbehaviour("trickle", Kind.TRANSPORT, "One byte a second."),
    Misbehaviour("flood", Kind.TRANSPORT, "Events, or bytes of a body, without an end."),
    Misbehaviour("endless", Kind.TRANSPORT, "One event, or one text of a body, without an end."),
    Misbehaviour("bomb", Kind.TRANSPORT, "The body is this many MB, in gzip.", "200"),
    Misbehaviour("cut", Kind.TRANSPORT, "The connection breaks off in the middle."),
)  # fmt: skip

BY_NAME = {row.name: row for row in MISBEHAVIOURS}


def describe() -> str:
    """The table, and how to ask for what is in it, as a text."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "A prompt asks for misbehaviours by directives:  a cat [[deep:5000]]"
    yield "Several combine:                                a cat [[status:400]] [[deep:5000]]"
    yield "A stage before the name says where it strikes:  a cat [[poll.deep:5000]]"
    yield "Without one: the answer to an API's POST; a Space's stream, and its join for status"
    yield "and headers."
    yield "{forbidden} in an argument is the host and port that must never be asked; arguments are"
    yield "percent-decoded. A request that has no prompt is reached by a mode:"
    yield """    curl URL/_mode -d '{"directives": "[[config.prefix:@{forbidden}]]"}'"""
    yield "    curl -X DELETE URL/_mode"
    yield "GET /_log tells what has been asked, DELETE /_log forgets it."
    yield "\nStages"
    for name, what in STAGES.items():
        yield f"    {name:<10}{what}"
    for kind in Kind:
        yield f"\nMisbehaviours: {kind}"
        for row in MISBEHAVIOURS:
            if row.kind is kind:
                yield f"    {row.spelling:<42}{row.sentence}"
