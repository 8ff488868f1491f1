"""The OpenAPI document and its page, as workerd serves them."""

import httpx

from api import asset
from tests.e2e.stack import Stack


def test_the_document_is_the_one_that_was_tested(stack: Stack) -> None:
    answer = httpx.get(f"{stack.url}/openapi.json", timeout=60)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.content == asset.PATH.read_bytes()


def test_the_document_is_revalidated_without_its_body(stack: Stack) -> None:
    etag = httpx.get(f"{stack.url}/openapi.json", timeout=60).headers["etag"]
    again = httpx.get(f"{stack.url}/openapi.json", headers={"if-none-match": etag}, timeout=60)
    assert (again.status_code, again.content) == (304, b"")


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
