"""What a caller chose outlives the isolate that was told."""

from pathlib import Path

import httpx

from local.processes import free_port
from local.stack import Plan, running
from tests.support.state import stored_bytes

SOMEBODY = ("me", "a-password-of-mine")


def test_an_option_is_found_by_the_next_worker_too(tmp_path: Path) -> None:
    titles = []
    for number in range(2):
        plan = Plan(
            port=free_port(),
            upstream_port=None,
            state=tmp_path / "state",
            logs=tmp_path / f"logs-{number}",
        )
        with running(plan), httpx.Client(auth=SOMEBODY, timeout=60) as client:
            address = f"{plan.url}/sdapi/v1/options"
            titles.append(client.get(address).json()["sd_model_checkpoint"].partition(" ")[0])
            client.post(address, json={"sd_model_checkpoint": "flux-1-schnell"}).raise_for_status()
    assert titles == ["z-image-turbo", "flux-1-schnell"]
    kept = stored_bytes(tmp_path / "state")
    assert b"flux-1-schnell" in kept
    assert SOMEBODY[1].encode() not in kept, "hashes alone"
