"""Browsers that Playwright does not drive: Firefox by Marionette, WebKitGTK by WebDriver.

Both protocols are the W3C's commands, over a socket of Firefox's own (lengths and JSON) and over
HTTP; so few commands are needed that no client of them is.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import httpx

from local.processes import free_port

FIREFOX = ("firefox-esr", "firefox")
WEBKIT = ("WebKitWebDriver",)
PATIENCE_S = 60
_PAUSE_S = 0.05


class Driven(Protocol):
    """A browser with one page."""

    def go(self, url: str) -> None:
        """Open an address, and wait until it is loaded."""

    def run(self, script: str) -> Any:
        """The value that the body of a function returns."""


def wait_for(browser: Driven, condition: str) -> None:
    """Wait until an expression is true in the page; raises AssertionError when it does not."""
    end = time.monotonic() + PATIENCE_S
    while not browser.run(f"return Boolean({condition})"):
        assert time.monotonic() < end, f"{condition} did not become true: {_seen(browser)}"
        time.sleep(_PAUSE_S)


def _seen(browser: Driven) -> str:
    return str(browser.run("return document.body.innerText"))[:500]


def find(names: tuple[str, ...]) -> str | None:
    """The path of the first of some programs that is installed."""
    return next((path for name in names if (path := shutil.which(name))), None)


class Firefox:
    """Firefox, spoken to by Marionette, which needs no driver beside it."""

    def __init__(self, connection: socket.socket) -> None:
        """Take a connection over: it begins with the browser's greeting."""
        self._connection = connection
        self._file = connection.makefile("rb")
        self._read()
        self._send("WebDriver:NewSession", {"acceptInsecureCerts": False})

    def go(self, url: str) -> None:
        """Open an address, and wait until it is loaded."""
        self._send("WebDriver:Navigate", {"url": url})

    def run(self, script: str) -> Any:
        """The value that the body of a function returns."""
        return self._send("WebDriver:ExecuteScript", {"script": script, "args": []})["value"]

    def _send(self, name: str, parameters: dict[str, object]) -> Any:
        text = json.dumps([0, 1, name, parameters]).encode()
        self._connection.sendall(b"%d:%b" % (len(text), text))
        _, _, error, result = self._read()
        assert error is None, error
        return result

    def _read(self) -> Any:
        length = b""
        while (byte := self._file.read(1)) != b":":
            assert byte, "Firefox has gone"
            length += byte
        return json.loads(self._file.read(int(length)))


class WebKit:
    """WebKitGTK's small browser, spoken to through its driver."""

    def __init__(self, url: str) -> None:
        """Begin a session at a driver's address."""
        self._client = httpx.Client(base_url=url, timeout=PATIENCE_S)
        options = {"args": ["--automation"], "binary": _mini_browser()}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        session = self._send("/session", {"capabilities": wanted})["sessionId"]
        self._client.base_url = httpx.URL(f"{url}/session/{session}")

    def go(self, url: str) -> None:
        """Open an address, and wait until it is loaded."""
        self._send("/url", {"url": url})

    def run(self, script: str) -> Any:
        """The value that the body of a function returns."""
        return self._send("/execute/sync", {"script": script, "args": []})

    def end(self) -> None:
        """End the session, and the browser with it."""
        self._client.delete("")
        self._client.close()

    def _send(self, path: str, parameters: dict[str, object]) -> Any:
        answer = self._client.post(path, json=parameters)
        assert answer.is_success, answer.text
        return answer.json()["value"]


def _mini_browser() -> str:
    found = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), None)
    assert found, "WebKitGTK has no MiniBrowser"
    return str(found)


@contextmanager
def firefox(folder: Path) -> Iterator[Driven]:
    """Run Firefox without a window, with a profile of its own."""
    port = free_port()
    (folder / "user.js").write_text(f'user_pref("marionette.port", {port});\n', "utf-8")
    program = find(FIREFOX)
    assert program
    with _running(program, "--headless", "--marionette", "--profile", str(folder), home=folder):
        with _connected(port) as connection:
            yield Firefox(connection)


@contextmanager
def webkit(folder: Path) -> Iterator[Driven]:
    """Run WebKitGTK on a screen that nobody sees."""
    port = free_port()
    program, screen = find(WEBKIT), shutil.which("xvfb-run")
    assert program
    assert screen
    with _running(screen, "-a", program, f"--port={port}", home=folder):
        with _connected(port):
            pass
        browser = WebKit(f"http://127.0.0.1:{port}")
        yield browser
        browser.end()


@contextmanager
def _running(*command: str, home: Path) -> Iterator[None]:
    """Run a program with all that it starts, and end them together."""
    environment = {**os.environ, "HOME": str(home), "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)


@contextmanager
def _connected(port: int) -> Iterator[socket.socket]:
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
            break
        except ConnectionRefusedError:
            assert time.monotonic() < end, "the browser did not start"
            time.sleep(_PAUSE_S)
    with connection:
        yield connection
