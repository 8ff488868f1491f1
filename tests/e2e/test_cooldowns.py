"""Resting tokens outlive the isolate that saw them fail."""

from pathlib import Path
from typing import Any

import httpx

from local.processes import free_port
from local.stack import Plan, running
from tests.e2e.stack import Stack
from tests.support.state import stored_bytes

BEARER = {"authorization": "Bearer gitee:quota-outlives,good-outlives"}


def paint(url: str) -> httpx.Response:
    body: dict[str, Any] = {"model": "gitee/z-image-turbo", "prompt": "a lighthouse"}
    return httpx.post(f"{url}/v1/images/generations", json=body, headers=BEARER, timeout=60)


def test_a_token_that_rests_is_left_alone_by_the_next_worker_too(
    stack: Stack, tmp_path: Path
) -> None:
    attempts = []
    for number in range(2):
        plan = Plan(
            port=free_port(),
            upstream_port=None,
            state=tmp_path / "state",
            logs=tmp_path / f"logs-{number}",
            vars={"GITEE_URL": f"{stack.apis['gitee']}/v1"},
        )
        with running(plan):
            reply = paint(plan.url)
            assert reply.status_code == 200, reply.text
            attempts.append(reply.headers["x-darkroom-tried"])
    assert attempts == [
        "gitee:z-image-turbo#1=insufficient_quota, gitee:z-image-turbo=ok",
        "gitee:z-image-turbo#1=resting_quota, gitee:z-image-turbo=ok",
    ]
    kept = stored_bytes(tmp_path / "state")
    assert b"outlives" not in kept, "hashes alone"
