"""A deployment that is set up wrongly says so."""

import httpx
import pytest

from local.processes import free_port, is_free
from local.workerd import Bundle, start_workerd
from tests.support.slow import SLOW


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("REQUEST_TIMEOUT_S", "soon"),
        pytest.param("DEFAULT_MODEL", "flux-9", marks=SLOW),
        pytest.param("HUGGINGFACE_TOKEN_HEADER", "Cookie", marks=SLOW),
        pytest.param("REWRITER_MODELS", '{"qwen3-4b": "nobody/x"}', marks=SLOW),
        pytest.param("RELAY_MODELS", '{"flux/generate": ["flux-9"]}', marks=SLOW),
    ],
)
def test_a_wrong_setting_is_named_in_json(bundle: Bundle, variable: str, value: str) -> None:
    port = free_port()
    process = start_workerd(bundle, port, {variable: value})
    try:
        process.wait_until(lambda: not is_free(port), 60)
        reply = httpx.get(f"http://127.0.0.1:{port}/v1/models", timeout=60)
    finally:
        process.stop()
    assert reply.status_code == 500
    error = reply.json()["error"]
    assert error["code"] == "misconfigured"
    assert variable in error["message"]
