"""Metrics: for an admin alone, in Prometheus's format, and never of more series than were planned."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from darkroom.access import identify, is_admin
from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.events import Finished, Picture, Started
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.metrics import MAX_SERIES, OTHER, Histogram, Metric, Metrics
from darkroom.settings import Settings
from tests.support.contract import CONTRACT
from tests.support.fakes import PNG, FakeProvider, body_of, gateway, json_of, request

ADMIN, GATEWAY = "dk_admin", "dk_gateway"


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


SETTINGS = Settings(admin_keys=(digest(ADMIN),), gateway_keys=(digest(GATEWAY),))
HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
# A line of the format: a comment, or a name, labels and a value.
LINE = re.compile(
    r"# (HELP|TYPE) [a-z_]+ .+"
    r"|[a-z_]+(\{([a-z_]+=\"([^\"\\\n]|\\[\\n\"])*\",?)*\})? [0-9.e+-]+"
)


async def ask(gate: Gateway, key: str | None = ADMIN) -> Reply:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    reply = await handle(request("GET", "/metrics", headers=headers), gate, lambda entry: None)
    return await CONTRACT.hold("GET", "/metrics", reply)


async def lines_of(gate: Gateway) -> Mapping[str, float]:
    """Each series and its value."""
    text = (await body_of(await ask(gate))).decode()
    assert text.endswith("\n")
    lines = text.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


async def paint(gate: Gateway, **fields: object) -> Reply:
    body = {"model": "flux-1-schnell", "prompt": "a cat", **fields}
    return await handle(request("POST", "/v1/images/generations", body), gate, lambda entry: None)


def gate_of(settings: Settings = SETTINGS) -> Gateway:
    return gateway(FakeProvider([[Started(), HELD]]), settings=settings)


async def test_requests_models_and_attempts_are_counted() -> None:
    gate = gate_of()
    await paint(gate)
    await paint(gate)
    lines = await lines_of(gate)
    http = 'http_request_method="POST",http_route="/v1/images/generations"'
    status = 'http_response_status_code="200",error_type=""'
    assert lines[f"http_server_request_duration_seconds_count{{{http},{status}}}"] == 2
    model = 'gen_ai_provider_name="huggingface",gen_ai_request_model="flux-1-schnell"'
    operation = f'gen_ai_operation_name="generate_image",{model},error_type=""'
    assert lines[f"gen_ai_client_operation_duration_seconds_count{{{operation}}}"] == 2
    assert lines[f'gen_ai_client_operation_duration_seconds_bucket{{{operation},le="+Inf"}}'] == 2
    assert lines[f"darkroom_pictures_total{{{model}}}"] == 2
    ok = 'gen_ai_provider_name="huggingface",darkroom_result="ok"'
    assert lines[f"darkroom_attempts_total{{{ok}}}"] == 2
    assert lines["http_server_active_requests"] == 1, "this one"


@pytest.mark.parametrize("key", [None, GATEWAY, "hf:hf_token", "anything"])
async def test_nobody_without_an_admin_key_reads_them(key: str | None) -> None:
    reply = await ask(gate_of(), key)
    assert reply.status == 401
    assert "ADMIN_KEYS" in (await json_of(reply))["error"]["message"]


@pytest.mark.parametrize("key", [digest(ADMIN), "dk_admin2", "dk_", f"dk_{digest(ADMIN)}"])
async def test_what_is_not_the_key_itself_opens_nothing(key: str) -> None:
    assert (await ask(gate_of(), key)).status == 401


async def test_without_admin_keys_in_the_settings_nobody_is_one() -> None:
    reply = await ask(gate_of(replace(SETTINGS, admin_keys=())))
    assert reply.status == 401


def test_an_admin_key_is_a_gateway_key_and_not_the_other_way_round() -> None:
    admin = identify(f"Bearer {ADMIN}", SETTINGS, ())
    other = identify(f"Bearer {GATEWAY}", SETTINGS, ())
    assert (admin.holds_key, is_admin(admin)) == (True, True)
    assert (other.holds_key, is_admin(other)) == (True, False)
    assert is_admin(admin.narrowed([]))


async def test_no_caller_adds_a_series() -> None:
    """Models that nobody listed, paths, methods and tokens of any number come to a few lines."""
    gate = gate_of()
    await paint(gate, model="no-such-model")
    await paint(gate)
    for method, path in (("GET", "/x"), ("BREW", "/x"), ("GET", "/v1/models/x")):
        await handle(request(method, path), gate, lambda entry: None)
    before = len(await lines_of(gate))
    for number in range(MAX_SERIES + 100):
        await paint(gate, model=f"a4f/made-up-{number}")
        name = f"/v1/models/m{number}"
        for method, path in (("GET", f"/x{number}"), (f"M{number}", "/x"), ("GET", name)):
            headers = {"authorization": f"Bearer a4f:token-{number}", "host": f"h{number}"}
            await handle(request(method, path, headers=headers), gate, lambda entry: None)
    lines = await lines_of(gate)
    assert len(lines) <= before + 40
    assert not any("made-up" in line or "token-" in line for line in lines)


def test_a_metric_of_too_many_series_counts_the_rest_together() -> None:
    metric = Metric("x_total", "X.", ("a", "b"))
    for number in range(MAX_SERIES + 10):
        metric.add(str(number), "y")
    assert len(metric.counts) == MAX_SERIES + 1
    assert metric.counts[OTHER, OTHER] == 10


def test_a_value_on_a_bound_is_below_it() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 3.0):
        histogram.add(value)
    assert (histogram.counts, histogram.total) == ([2, 1, 1], 6.0)


def test_label_values_are_escaped() -> None:
    metric = Metric("x_total", "X.", ("a",))
    metric.add('say "hi"\\\n# TYPE forged counter')
    (line,) = [line for line in metric.lines() if not line.startswith("#")]
    assert line == 'x_total{a="say \\"hi\\"\\\\\\n# TYPE forged counter"} 1'
    assert LINE.fullmatch(line)


def test_only_what_the_catalog_lists_is_told_by_name() -> None:
    metrics = Metrics(frozenset({"bfl"}), frozenset({"bfl/flux-2-pro"}))
    assert (metrics.provider("bfl"), metrics.provider("evil"), metrics.provider(None)) == (
        "bfl",
        OTHER,
        OTHER,
    )
    assert (metrics.model("bfl/flux-2-pro"), metrics.model("bfl/x")) == ("bfl/flux-2-pro", OTHER)
