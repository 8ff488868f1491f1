"""The OpenAPI document and its page, as workerd serves them."""

import httpx
from openapi_spec_validator import OpenAPIV31SpecValidator

from darkroom.app import ENDPOINTS
from darkroom.catalog.catalog import load_catalog
from darkroom.dialects.openapi.document import draw_up
from tests.e2e.stack import Stack


def test_the_document_is_the_one_that_was_tested(stack: Stack) -> None:
    answer = httpx.get(f"{stack.url}/openapi.json", timeout=60)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["access-control-allow-origin"] == "*"
    document = answer.json()
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    assert document == {
        **draw_up(ENDPOINTS, load_catalog().providers),
        "servers": [{"url": stack.url}],
    }


def test_the_page_is_served_under_the_strict_policy(stack: Stack) -> None:
    answer = httpx.get(f"{stack.url}/docs", follow_redirects=True, timeout=60)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "public, max-age=0, must-revalidate"
    for file in ("docs.js", "docs.css", "swagger-ui/swagger-ui-bundle.js"):
        served = httpx.get(f"{stack.url}/docs/{file}", timeout=60)
        assert served.status_code == 200
        assert served.headers["cache-control"] == "public, max-age=0, must-revalidate"
