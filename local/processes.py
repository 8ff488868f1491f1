"""Child processes that are started together and leave nothing behind."""

import ctypes
import fcntl
import os
import random
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

STOP_GRACE_S = 5.0
POLL_S = 0.05
LOWEST_PORT, LOWEST_HANDED_OUT_PORT = 20_000, 32_768
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_claimed: set[int] = set()


class StartFailed(RuntimeError):
    """A process ended, or stayed silent, before it was ready; the message has its last words."""


class Process:
    """A command with a process group of its own and its output in a file."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        self._output: IO[bytes] = log.open("wb")
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - no thread has been started here
        )

    @property
    def pid(self) -> int:
        """The process id, which is also that of its group."""
        return self._child.pid

    def has_ended(self) -> bool:
        """Whether the command is over."""
        return self._child.poll() is not None

    def wait_until(self, is_ready: Callable[[], bool], limit_s: float) -> None:
        """Wait for a condition; raises `StartFailed` if it does not come in time."""
        until = time.monotonic() + limit_s
        while not is_ready():
            if self.has_ended():
                raise StartFailed(f"{self.name} ended before it was ready:\n{self.last_words()}")
            if time.monotonic() > until:
                raise StartFailed(
                    f"{self.name} was not ready after {limit_s:.0f} s:\n{self.last_words()}"
                )
            time.sleep(POLL_S)

    def last_words(self, lines: int = 30) -> str:
        """The end of its output."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])

    def stop(self) -> None:
        """End the whole group, by force if asking does not help in time."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.pid, sign)
            except ProcessLookupError:
                break
            until = time.monotonic() + STOP_GRACE_S
            while time.monotonic() < until and self._group_lives():
                time.sleep(POLL_S)
        self._child.wait()
        self._output.close()

    def kill(self) -> None:
        """End the whole group at once, as a crash would."""
        os.killpg(self.pid, signal.SIGKILL)
        self._child.wait()

    def _group_lives(self) -> bool:
        self._child.poll()
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        return True


def answers(url: str) -> bool:
    """Whether an HTTP server answers 200 there."""
    try:
        with urlopen(url, timeout=60) as reply:
            return bool(reply.status == 200)
    except (HTTPError, URLError, OSError):
        return False


def is_free(port: int) -> bool:
    """Whether nothing listens on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_ports(count: int) -> int:
    """The first of so many loopback ports in a row that nothing listens on.

    No other call is given them while this process lives, in other processes of the tests neither.
    They lie below those that the system hands out: one that is free in the middle of those may be
    a client's a moment later.
    """
    while True:
        first = random.randrange(LOWEST_PORT, LOWEST_HANDED_OUT_PORT - count)
        if all(_claim(port) and _can_bind(port) for port in range(first, first + count)):
            return first


def free_port() -> int:
    """A loopback port that nothing listens on, as `free_ports` gives them."""
    return free_ports(1)


def _claim(port: int) -> bool:
    """Reserve a port for this process by a lock on one byte of a file; false if it is taken."""
    if port in _claimed:
        return False
    try:
        fcntl.lockf(_claims_file(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    _claimed.add(port)
    return True


@cache
def _claims_file() -> IO[bytes]:
    return (Path(tempfile.gettempdir()) / f"darkroom-ports-{os.getuid()}").open("ab")


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return is_free(port)


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
