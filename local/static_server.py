"""Files served as Cloudflare's asset server does: ETags, compression, and headers of `_headers`.

What is no file is passed on to a Worker that runs elsewhere. With it the folded page is tested and
measured without a deployment.
"""

import gzip
import hashlib
import mimetypes
import re
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx

HOST = "127.0.0.1"
UNSERVED = {"_headers", ".assetsignore"}
_PASSED_ON = ("content-type", "cache-control", "x-request-id", "retry-after")


@dataclass(slots=True)
class Site:
    """What is served, and a list of all paths that were asked for, with the answers' status."""

    folder: Path
    worker: str | None
    answers: Mapping[str, bytes]
    url: str = ""
    requests: list[tuple[str, int]] = field(default_factory=list)

    def headers(self, path: str) -> Iterator[tuple[str, str]]:
        """The headers that `_headers` gives a path."""
        matches = False
        for line in (self.folder / "_headers").read_text("utf-8").splitlines():
            if line.startswith("/"):
                matches = bool(re.fullmatch(re.escape(line).replace(r"\*", ".*"), path))
            elif line.startswith("  ") and matches:
                name, _, value = line.strip().partition(": ")
                yield name, value


@contextmanager
def serving(
    folder: Path, worker: str | None = None, answers: Mapping[str, bytes] | None = None
) -> Iterator[Site]:
    """Serve a folder on loopback.

    `answers` are JSON for paths that are no files, compressed as on their way through Cloudflare;
    all else is passed on to `worker`, an address.
    """
    site = Site(folder.resolve(), worker, answers or {})
    handler = type("Handler", (_Handler,), {"site": site})
    server = _Server((HOST, 0), handler)
    site.url = f"http://{HOST}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Report an error, unless a browser has only closed its connection early."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    site: ClassVar[Site]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        name = "index.html" if path == "/" else path.removeprefix("/")
        file = (self.site.folder / name).resolve()
        if name in UNSERVED or not file.is_relative_to(self.site.folder) or not file.is_file():
            self._pass_on()
            return
        content = file.read_bytes()
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        headers = [*self.site.headers(path), ("ETag", etag)]
        if self.headers.get("if-none-match") == etag:
            self._answer(304, b"", headers)
            return
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        if kind.startswith("text/") or kind.endswith(("json", "svg+xml")):
            content = gzip.compress(content, mtime=0)
            headers.append(("Content-Encoding", "gzip"))
        self._answer(200, content, [*headers, ("Content-Type", kind)])

    def do_POST(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        path = self.path.partition("?")[0]
        if path in self.site.answers:
            packed = gzip.compress(self.site.answers[path], mtime=0)
            headers = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
            self._answer(200, packed, headers)
            return
        if self.site.worker is None:
            self._answer(404, b"", [])
            return
        sent = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        url = f"{self.site.worker}{self.path}"
        answer = httpx.request(self.command, url, headers=sent, content=body, timeout=60)
        kept = [(name, answer.headers[name]) for name in _PASSED_ON if name in answer.headers]
        self._answer(answer.status_code, answer.content, kept)

    def _answer(self, status: int, body: bytes, headers: Sequence[tuple[str, str]]) -> None:
        self.site.requests.append((self.path, status))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_args: object) -> None:
        """Say nothing: the site has a list."""
