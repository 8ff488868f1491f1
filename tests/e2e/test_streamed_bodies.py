"""A streamed body that is read ahead, and with pauses, by the edge's own reader in workerd."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.e2e.probe import Probe

LONG_S = "30"  # a pause that only the end of a body can end in time
EVENT = b"data: " + b"x" * 150 + b"\n\n"

Send = Callable[[bytes], None]


@contextmanager
def upstream(play: Callable[[Send], None]) -> Iterator[str]:
    """The address of a server that sends chunks as `play` says."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            play(self._send)
            self.close_connection = True

        def _send(self, chunk: bytes) -> None:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def paced(count: int) -> Callable[[Send], None]:
    """So many events, each of which is a chunk by itself."""

    def play(send: Send) -> None:
        for _ in range(count):
            send(EVENT)
            threading.Event().wait(0.005)
        send(b"")

    return play


def gathered(probe: Probe, pause_s: str, play: Callable[[Send], None]) -> dict[str, Any]:
    """The reader's report on the body that `play` sends."""
    with upstream(play) as url:
        reply = probe.post("gather", url=url, pause=pause_s)
    assert reply.status_code == 200, reply.text
    report: dict[str, Any] = reply.json()
    return report


def test_what_comes_within_a_pause_is_one_read_and_the_end_ends_the_pause(probe: Probe) -> None:
    report = gathered(probe, LONG_S, paced(40))
    first, rest = report["sizes"]
    assert (first, first + rest) == (len(EVENT), 40 * len(EVENT))
    assert report["sha256"] == hashlib.sha256(EVENT * 40).hexdigest()


def test_fast_events_come_once_in_a_pause(probe: Probe) -> None:
    began = time.monotonic()
    sizes = gathered(probe, "0.05", paced(100))["sizes"]
    pauses = (time.monotonic() - began) / 0.05
    assert sum(sizes) == 100 * len(EVENT)
    assert 3 < len(sizes) < pauses + 2, "the first comes at once, and the last"


def test_the_end_ends_a_long_pause_after_reads_without_one(probe: Probe) -> None:
    def play(send: Send) -> None:
        for _ in range(4):
            send(EVENT)
        threading.Event().wait(0.2)
        send(b"")

    began = time.monotonic()
    assert sum(gathered(probe, f"0,0,{LONG_S}", play)["sizes"]) == 4 * len(EVENT)
    assert time.monotonic() - began < float(LONG_S)


def test_a_picture_after_fast_events_makes_no_pauses(probe: Probe) -> None:
    piece = bytes(range(256)) * 64

    def play(send: Send) -> None:
        for _ in range(40):
            send(EVENT)
            threading.Event().wait(0.005)
        for _ in range(500):
            send(piece)
        send(b"")

    began = time.monotonic()
    report = gathered(probe, "0.05", play)
    assert report["sha256"] == hashlib.sha256(EVENT * 40 + piece * 500).hexdigest()
    assert time.monotonic() - began < 4, "a pause for each 64 KiB would be 6 s"


def test_no_more_is_read_ahead_than_is_allowed(probe: Probe) -> None:
    ahead = probe.post("ahead", b"x" * 100, count="200").json()
    assert 16 <= ahead <= 40, "16 for each of the first two reads, and what a stream holds itself"


def test_a_body_that_is_long_comes_whole_and_without_pauses(probe: Probe) -> None:
    piece = bytes(range(256)) * 64

    def play(send: Send) -> None:
        for _ in range(200):
            send(piece)
        send(b"")

    report = gathered(probe, LONG_S, play)
    assert report["sha256"] == hashlib.sha256(piece * 200).hexdigest()


def test_an_empty_body_is_nothing(probe: Probe) -> None:
    assert gathered(probe, LONG_S, lambda send: send(b""))["sizes"] == []


def test_a_body_that_breaks_off_is_a_connection_error(probe: Probe) -> None:
    report = gathered(probe, LONG_S, lambda send: send(EVENT))
    assert report == {"sizes": [len(EVENT)], "broken": True}
