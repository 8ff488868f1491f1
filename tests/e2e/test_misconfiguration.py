"""A deployment that is set up wrongly says so."""

import httpx
import pytest

from local.processes import free_port, is_free
from local.workerd import Bundle, build_bundle, start_workerd


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return build_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("REQUEST_TIMEOUT_S", "soon"),
        ("HUGGINGFACE_TOKEN_HEADER", "Cookie"),
        ("DEFAULT_MODEL", "flux-9"),
        ("REWRITER_MODELS", '{"qwen3-4b": "nobody/x"}'),
        ("RELAY_MODELS", '{"flux/generate": ["flux-9"]}'),
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
