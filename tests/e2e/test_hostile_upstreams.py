"""Upstreams whose answers attack who reads them: the Worker answers, and others are answered too."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import httpx
import pytest

from tests.e2e.hostile import (
    A1111,
    BFL,
    CALLERS_TOKEN,
    DEADLINE_S,
    GEMINI,
    GITEE,
    LATE_S,
    MODELSCOPE,
    OPENAI,
    OPERATORS_KEY,
    OPERATORS_TOKEN,
    PAINTERS,
    POLLINATIONS,
    QWEN_TASK,
    SILICONFLOW,
    SPACE,
    TALKER,
    HostileStack,
    Model,
    assert_answered,
    assert_refused,
    ends_within,
)
from tests.support.slow import slow

BUSY_LIMIT_S = 10.0


@pytest.mark.parametrize(
    "directive", ["slashes:1000000", "spaces:1000000", *slow("slashes:60000", "spaces:60000")]
)
def test_long_texts_of_a_space_block_nobody(gateway: HostileStack, directive: str) -> None:
    with gateway.others_are_answered(), ends_within(BUSY_LIMIT_S):
        reply = gateway.paint(SPACE, f"a lighthouse [[event.{directive}]]")
    assert_answered(reply)
    gateway.assert_paints(SPACE)


TEXTS = list(
    product(
        ("surrogates", "wordy:200000", "spaces:200000", "echo"),
        ("", "[[status:400]]", "[[status:500]]", "[[fail]]"),
    )
)
USUAL_TEXTS = [
    ("surrogates", ""), ("wordy:200000", "[[status:400]]"), ("echo", "[[status:400]]"), ("echo", "[[fail]]"),
]  # fmt: skip


@pytest.mark.parametrize("texts", [USUAL_TEXTS, *slow(TEXTS)], ids=["usual", "all"])
@pytest.mark.parametrize("model", PAINTERS, ids=lambda model: model.name)
def test_texts_of_upstreams_are_reported_whole_in_short_and_without_secrets(
    gateway: HostileStack, model: Model, texts: Sequence[tuple[str, str]]
) -> None:
    for more, way in texts:
        headers = model.bearer() or {"authorization": f"Bearer {CALLERS_TOKEN}"}
        prompt = f"a lighthouse {way} [[{more}]] [[join.{more}]] [[poll.{more}]]"
        reply = gateway.paint(model, prompt, headers)
        assert_answered(reply)
        token = headers["authorization"].rpartition(" ")[2].rpartition(":")[2]
        assert way or reply.status_code == 200, reply.text[:300]
        assert token not in reply.text or (more, way) == ("echo", "")
    gateway.assert_paints(model)


@pytest.mark.parametrize("model", [SPACE, GITEE], ids=lambda model: model.name)
def test_an_operators_token_is_reported_by_no_answer(gateway: HostileStack, model: Model) -> None:
    for way in ("", "[[status:400]]", "[[fail]]"):
        for stream in (False, True):
            prompt = f"a lighthouse {way} [[echo]] [[join.echo]]"
            reply = gateway.paint(model, prompt, OPERATORS_KEY, stream=stream)
            assert OPERATORS_TOKEN not in reply.text
    tokens = [str(entry["headers"]) for entry in gateway.hostile.requested()]
    assert any(OPERATORS_TOKEN in headers for headers in tokens), "there was something to repeat"


def test_an_upstream_that_names_many_pictures_has_few_of_them_fetched(
    gateway: HostileStack,
) -> None:
    for model in (SPACE, GITEE, SILICONFLOW):
        prompt = "a lighthouse [[pictures:2000]]"
        with ends_within(BUSY_LIMIT_S):
            assert_answered(gateway.paint(model, prompt, response_format="b64_json"))
        gateway.assert_paints(model)
    assert len(gateway.hostile.requested(".png")) < 100


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("directive", ["html", "type:image/svg+xml", "type:text/xml", "cookie"])
def test_a_text_models_answer_is_never_a_page_of_the_gateways_origin(
    gateway: HostileStack, directive: str, stream: bool
) -> None:
    reply = gateway.say(TALKER.name, f"hello [[{directive}]]", TALKER.token, stream=stream)
    kind = reply.headers["content-type"].partition(";")[0]
    assert kind in ("application/json", "text/event-stream")
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in reply.headers["content-security-policy"]
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize(
    "model", [SPACE, GITEE, BFL, MODELSCOPE, POLLINATIONS], ids=lambda model: model.name
)
def test_an_answer_with_too_many_headers_is_its_upstreams_fault(
    gateway: HostileStack, model: Model
) -> None:
    reply = gateway.paint(model, "a lighthouse [[headers:2000]]")
    assert_answered(reply)
    assert reply.status_code in (200, 502, 503), reply.text[:300]
    gateway.assert_paints(model)


# All of one list at once: each ends at the deadline or before.
SILENT = (
    (SPACE, "join.stall"), (SPACE, "event.stall"), (SPACE, "event.trickle"), (SPACE, "file.stall"), (GITEE, "stall"),
    (GITEE, "trickle"), (GITEE, "file.trickle"), (MODELSCOPE, "poll.stall"), (MODELSCOPE, "state"),
    (MODELSCOPE, "stateless"), (QWEN_TASK, "state"), (QWEN_TASK, "stateless"), (BFL, "state"), (A1111, "stall"),
    (A1111, "trickle"), (GEMINI, "stall"), (OPENAI, "trickle"),
)  # fmt: skip
FLOODS = (
    (SPACE, "event.flood"), (SPACE, "event.endless"), (SPACE, "file.flood"), (GITEE, "flood"), (BFL, "poll.flood"),
    (GITEE, "[[status:400]] [[endless"), (OPENAI, "flood"),
)  # fmt: skip


@pytest.mark.parametrize("attacks", [SILENT, FLOODS], ids=["silence", "floods"])
def test_an_endless_or_silent_answer_ends_at_the_deadline(
    gateway: HostileStack, attacks: Sequence[tuple[Model, str]]
) -> None:
    def ask(attack: tuple[Model, str]) -> httpx.Response:
        model, directive = attack
        prompt = f"a lighthouse [[{directive.removeprefix('[[')}]]"
        with ends_within(DEADLINE_S + LATE_S):
            return gateway.paint(model, prompt, response_format="b64_json")

    with gateway.others_are_answered(), ThreadPoolExecutor(len(attacks)) as threads:
        replies = list(threads.map(ask, attacks))
    for attack, reply in zip(attacks, replies, strict=True):
        assert reply.status_code != 200, attack
        assert_refused(reply)
    for model in {model for model, _ in attacks}:
        gateway.assert_paints(model)


def test_an_upstream_that_does_not_even_take_a_job_back_ends_at_the_deadline(
    gateway: HostileStack,
) -> None:
    models = (A1111, SPACE, QWEN_TASK)
    with (
        gateway.hostile.mode("[[answer.stall]] [[event.stall]] [[cancel.stall]] [[poll.stall]]"),
        ends_within(DEADLINE_S + LATE_S),
        ThreadPoolExecutor(len(models)) as threads,
    ):
        for reply in threads.map(lambda model: gateway.paint(model, "a lighthouse"), models):
            assert_refused(reply)
    for model in models:
        gateway.assert_paints(model)


@pytest.mark.parametrize("model", [SPACE, GITEE], ids=lambda model: model.name)
@pytest.mark.parametrize(
    "directive", ["bomb:200", "file.bomb:200", "cut", "file.cut", "null", "text"]
)
def test_broken_and_unpacked_answers_are_failures_of_their_upstream(
    gateway: HostileStack, model: Model, directive: str
) -> None:
    for stage in ("join.", "event.") if model is SPACE and "." not in directive else ("",):
        prompt = f"a lighthouse [[{stage}{directive}]]"
        with gateway.others_are_answered():
            assert_answered(gateway.paint(model, prompt, response_format="b64_json"))
    gateway.assert_paints(model)


@pytest.mark.parametrize("model", [SPACE, GITEE, *slow(BFL)], ids=lambda model: model.name)
def test_pictures_that_are_large_or_none_are_answered(gateway: HostileStack, model: Model) -> None:
    for directive in ("file.big:8", "file.big:40", "file.type:text/html", "file.status:500"):
        prompt = f"a lighthouse [[{directive}]]"
        with gateway.others_are_answered():
            reply = gateway.paint(model, prompt, response_format="b64_json")
        assert_answered(reply)
        assert (reply.status_code == 200) == (directive in ("file.big:8", "file.type:text/html"))
    gateway.assert_paints(model)


def test_events_of_a_stream_stay_lines_of_json(gateway: HostileStack) -> None:
    for directive in ("surrogates", "wordy:200000", "nan", "diffs:50"):
        prompt = f"a lighthouse [[event.{directive}]]"
        reply = gateway.paint(SPACE, prompt, stream=True, partial_images=2)
        events = [line[6:] for line in reply.text.splitlines() if line.startswith("data: {")]
        assert json.loads(events[-1])["type"] == "image_generation.completed"
        assert all(len(event) < 100_000 for event in events)
