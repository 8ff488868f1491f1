"""Callers who break off a blocking request, in workerd without a proxy before it.

Only a reset shows before an answer has begun: who closes a connection may still read from it. As
Cloudflare's edge ends the request of whoever leaves, that is what a reset stands for here.
"""

import json
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from local.processes import Process, free_port
from local.workerd import HOST, Bundle, running_workerd
from tests.e2e.hostile import OTHER_SPACE, HostileStack
from tests.support.hostile import Hostile
from tests.support.slow import slow
from tests.support.spaces import eventually

WITHIN_S = 10.0  # a request has five minutes
MODEL = OTHER_SPACE.name
WAYS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "/v1/images/generations": lambda prompt: {"model": MODEL, "prompt": prompt, "n": 2},
    "/v1/chat/completions": lambda prompt: {
        "model": MODEL,
        "messages": [{"role": "user", "content": prompt}],
    },
    "/v1/responses": lambda prompt: {"model": MODEL, "input": prompt},
    f"/v1beta/models/{MODEL}:generateContent": lambda prompt: {
        "contents": [{"parts": [{"text": prompt}]}]
    },
    f"/hf-inference/models/{MODEL}": lambda prompt: {"inputs": prompt},
    "/v2/image/generate": lambda prompt: {"model": MODEL, "prompt": prompt},
    "/sdapi/v1/txt2img": lambda prompt: {
        "prompt": prompt,
        "override_settings": {"sd_model_checkpoint": MODEL},
    },
    "/api/generate": lambda prompt: {"model": MODEL, "prompt": prompt},
}


@dataclass(frozen=True, slots=True)
class Patient:
    """A Worker with the usual deadline, before a Space that falls silent when it is asked to."""

    hostile: Hostile
    worker: Process
    port: int

    def begin(self, path: str, body: Mapping[str, Any]) -> socket.socket:
        """A connection on which a request was sent."""
        content = json.dumps(body).encode()
        head = [f"POST {path} HTTP/1.1", "host: darkroom", f"content-length: {len(content)}"]
        head += ["content-type: application/json", "", ""]
        connection = socket.create_connection((HOST, self.port), 30)
        connection.sendall("\r\n".join(head).encode() + content)
        return connection

    @property
    def tasks(self) -> int:
        """What is at work, the answer to this question included."""
        reply = httpx.get(f"http://{HOST}:{self.port}/health", timeout=30)
        return int(reply.json()["tasks"])


@pytest.fixture(scope="module")
def patient(hostile_stack: HostileStack, bundle: Bundle) -> Iterator[Patient]:
    port = free_port()
    with running_workerd(bundle, port, hostile_stack.hostile.settings) as worker:
        yield Patient(hostile_stack.hostile, worker, port)


def reset(connection: socket.socket) -> None:
    """Break a connection off at once."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("path", list(WAYS)[:2] + slow(*list(WAYS)[2:]))
def test_aborting_a_blocking_request_cancels_its_job(patient: Patient, path: str) -> None:
    patient.hostile.forget()
    body = WAYS[path](f"a cat, for {path} [[event.stall]]")
    connection = patient.begin(path, body)
    jobs = body.get("n", 1)
    eventually(lambda: len(patient.hostile.requested("/queue/data")) == jobs)
    assert patient.hostile.requested("/cancel") == []
    reset(connection)
    eventually(lambda: len(patient.hostile.requested("/cancel")) == jobs, WITHIN_S)
    eventually(lambda: patient.tasks <= 1)
    assert "traceback" not in patient.worker.log.read_text("utf-8")


def test_an_aborted_request_is_logged_as_left(patient: Patient) -> None:
    patient.hostile.forget()
    connection = patient.begin(
        *next((path, way("a [[event.stall]]")) for path, way in WAYS.items())
    )
    eventually(lambda: patient.hostile.requested("/queue/data"))
    reset(connection)
    eventually(lambda: '"outcome": "left"' in patient.worker.log.read_text("utf-8"))
