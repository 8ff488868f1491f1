"""`auto` in the runtime: who is led where, what is told of it, and what isolates share."""

import httpx

from tests.e2e.inside import Inside
from tests.e2e.stack import Stack

# Words that the stand-ins of Spaces heed, and that of Cloudflare.
OF_SPACES = "[[runs]] [[busy]] a lighthouse"


def paint(stack: Stack, **body: object) -> httpx.Response:
    return httpx.post(
        f"{stack.url}/v1/images/generations",
        json={"prompt": OF_SPACES, "model": "auto", **body},
        timeout=90,
    )


def test_a_caller_without_key_is_served_when_every_space_has_used_up_its_quota(
    stack: Stack,
) -> None:
    first = paint(stack)
    assert first.status_code == 200, first.text
    assert first.json()["model"] == "pollinations/flux"
    assert first.headers["x-darkroom-model"] == "pollinations/flux"
    assert "huggingface:" in first.headers["x-darkroom-tried"]
    for _ in range(2):
        latest = paint(stack)
    assert latest.headers["x-darkroom-attempts"] == "1"  # by now it is known who serves
    rows = httpx.get(f"{stack.url}/v1/providers", timeout=30).json()["auto"]["generate"]
    assert rows[0]["model"] == "pollinations/flux"
    spaces = [row["state"] for row in rows if row["provider"] == "huggingface"]
    assert spaces == ["unsteady"] * 3
    assert "left_undone" not in stack.worker_log.read_text()


def test_isolates_share_how_models_have_done(inside: Inside) -> None:
    answer = httpx.get(f"{inside.url}/inside/health", timeout=60).raise_for_status().json()
    assert answer == {"alone": ["a", "b"], "shared": ["b", "a"], "again": ["b", "a"]}
