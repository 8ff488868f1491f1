"""One request to a Space, as far as the edge understands it."""

import json
import re
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from starlette.types import Scope

SPACE_PATH = re.compile(r"/spaces/(?P<space>[^/]+)(?P<path>/.*)?")
PIN = re.compile(r"^/--replicas/(?P<replica>[^/]+)(?=/|$)")
JOIN = re.compile(r"/queue/join|/call/(v2/)?[^/]+")
STREAM = re.compile(r"/queue/data|(?P<call>/call/(v2/)?[^/]+)/[^/]+")
FILE = re.compile(r"/file[=/].*")


@dataclass(frozen=True, slots=True)
class Call:
    """`path` begins below the Space and still has the `/--replicas/<name>` of a pinned request."""

    space: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""
    """Empty until it has been read."""

    @property
    def fields(self) -> dict[str, Any]:
        """The JSON object in the body, `{}` for all other bodies."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def session(self) -> str:
        """The session that it begins, follows or ends, `""` for none."""
        directives = dict(parse_qsl(self.query)) if self.is_stream else self.fields
        return str(directives.get("session_hash", ""))

    @property
    def replica(self) -> str | None:
        """The replica that the path pins."""
        pin = PIN.match(self.path)
        return pin["replica"] if pin else None

    @property
    def own_path(self) -> str:
        """The path as the Space knows it."""
        return PIN.sub("", self.path)

    @property
    def route(self) -> str:
        """The path without the prefix that Gradio 5 introduced."""
        return self.own_path.removeprefix("/gradio_api")

    @property
    def token(self) -> str:
        """The bearer token, `""` without one. The edge's own header comes before the standard."""
        for name in ("x-hf-authorization", "authorization"):
            scheme, _, token = self.headers.get(name, "").partition(" ")
            if scheme.lower() == "bearer":
                return token.strip()
        return ""

    @property
    def is_join(self) -> bool:
        """Whether it asks for a job to be queued."""
        return self.method == "POST" and JOIN.fullmatch(self.route) is not None

    @property
    def is_stream(self) -> bool:
        """Whether it asks for the events of a session."""
        return self.method == "GET" and STREAM.fullmatch(self.route) is not None

    @property
    def is_cancel(self) -> bool:
        """Whether it takes back a job."""
        return self.method == "POST" and self.route == "/cancel"

    @property
    def is_file(self) -> bool:
        """Whether it fetches a file that the Space made."""
        return self.method in ("GET", "HEAD") and FILE.fullmatch(self.route) is not None


def parse_call(scope: Scope) -> Call | None:
    """The call that an HTTP request makes to a Space, if it is addressed to one."""
    match = SPACE_PATH.fullmatch(scope["path"])
    if not match:
        return None
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Call(
        space=match["space"],
        method=scope["method"],
        path=match["path"] or "",
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
    )


def redirect(scope: Scope, call: Call, *, lose_session: bool = False) -> Scope:
    """The scope with the pin taken out of the path, as the Space itself is to see it.

    With `lose_session`, a stream asks for a session that nobody has ever heard of.
    """
    path, query = call.own_path, scope["query_string"]
    stream = STREAM.fullmatch(call.route)
    if lose_session and stream:
        stranger = uuid.uuid4().hex
        if stream["call"]:
            path = path.rpartition("/")[0] + "/" + stranger
        query = urlencode({**dict(parse_qsl(call.query)), "session_hash": stranger}).encode()
    full_path = f"/spaces/{call.space}{path}"
    raw_path = quote(full_path).encode()
    return {**scope, "path": full_path, "raw_path": raw_path, "query_string": query}
