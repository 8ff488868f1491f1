"""Bodies that are nested without end, before the Worker whose stack is not a computer's."""

import httpx
import pytest

from tests.e2e.stack import Stack

ROUTES = {
    "/sdapi/v1/txt2img": 422,
    "/v2/image/qwen/generate": 422,
    "/v1/images/generations": 400,
}


@pytest.mark.parametrize("path", ROUTES)
def test_a_body_that_is_nested_too_deeply_is_refused_and_the_worker_lives_on(
    stack: Stack, path: str
) -> None:
    for depth in (101, 500, 5000, 50_000):
        body = '{"prompt": "a cat", "deep": ' + "[" * depth + "]" * depth + "}"
        headers = {"content-type": "application/json"}
        reply = httpx.post(f"{stack.url}{path}", content=body, headers=headers, timeout=60)
        assert (reply.status_code, "nested" in reply.text) == (ROUTES[path], True), reply.text[:300]
    picture = {"prompt": "a cat", "width": 256, "height": 256}
    assert httpx.post(f"{stack.url}/sdapi/v1/txt2img", json=picture, timeout=60).status_code == 200
    assert "Maximum call stack" not in stack.worker_log.read_text("utf-8", "replace")
