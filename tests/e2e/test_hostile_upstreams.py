"""Upstreams whose answers attack who reads them: the Worker answers, and others are answered too."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.e2e.hostile import (
    A1111,
    BFL,
    CALLERS_TOKEN,
    DEADLINE_S,
    GEMINI,
    GITEE,
    HF_INFERENCE,
    LATE_S,
    MODELSCOPE,
    OPENAI,
    OPERATORS_KEY,
    OPERATORS_TOKEN,
    PAINTERS,
    POLLINATIONS,
    QWEN,
    QWEN_TASK,
    SILICONFLOW,
    SPACE,
    STUDIO,
    TALKER,
    HostileStack,
    Model,
    assert_answered,
    assert_refused,
    ends_within,
    parse_strictly,
)

DEPTHS = (150, 500, 3_000, 5_000, 50_000)
NESTINGS = (*(f"deep:{depth}" for depth in DEPTHS), "objects:5000", "unclosed:20000")
BUSY_LIMIT_S = 5.0
Attack = Callable[[HostileStack, str], httpx.Response]


def painting(model: Model, before: str = "", stage: str = "answer") -> Attack:
    """A picture whose upstream misbehaves at a stage."""

    def attack(gateway: HostileStack, directive: str) -> httpx.Response:
        prompt = f"a lighthouse {before} [[{stage}.{directive}]]"
        return gateway.paint(model, prompt, response_format="b64_json")

    return attack


def chatting(before: str = "") -> Attack:
    """A blocking chat whose upstream misbehaves."""
    return lambda gateway, directive: gateway.say(
        TALKER.name, f"{before} [[{directive}]]", TALKER.token
    )


def enhancing(gateway: HostileStack, directive: str) -> httpx.Response:
    """A prompt that is to be improved by a text model that misbehaves."""
    body = {"prompt": f"a lighthouse [[{directive}]]", "model": TALKER.name}
    return gateway.post("/v1/prompts/enhance", body, TALKER.bearer())


def telling_of_itself(gateway: HostileStack, directive: str) -> httpx.Response:
    """A picture of a Space whose /config misbehaves."""
    gateway.forget_signature(SPACE)
    with gateway.hostile.mode(f"[[config.{directive}]]"):
        return gateway.paint(SPACE, "a lighthouse")


REFUSAL = "[[status:400]]"
ATTACKS: dict[str, tuple[Model, Attack]] = {
    "a Space's /config": (SPACE, telling_of_itself),
    "a Space's join": (SPACE, painting(SPACE, stage="join")),
    "a Space's refusal": (SPACE, painting(SPACE, "[[join.status:422]]", "join")),
    "a Space's message": (SPACE, painting(SPACE, stage="event")),
    "an answer": (GITEE, painting(GITEE)),
    "a refusal": (GITEE, painting(GITEE, REFUSAL)),
    "a refusal in a channel's shape": (SILICONFLOW, painting(SILICONFLOW, REFUSAL)),
    "a refusal of OpenAI": (OPENAI, painting(OPENAI, REFUSAL)),
    "a refusal of Gemini": (GEMINI, painting(GEMINI, REFUSAL)),
    "a refusal of DashScope": (QWEN, painting(QWEN, REFUSAL)),
    "a refusal of AUTOMATIC1111": (A1111, painting(A1111, "[[status:500]]")),
    "a refusal of a studio": (STUDIO, painting(STUDIO, REFUSAL)),
    "words in the place of a file": (HF_INFERENCE, painting(HF_INFERENCE)),
    "a task": (MODELSCOPE, painting(MODELSCOPE)),
    "a poll": (MODELSCOPE, painting(MODELSCOPE, stage="poll")),
    "a refused poll": (MODELSCOPE, painting(MODELSCOPE, "[[poll.status:400]]", "poll")),
    "a poll of BFL": (BFL, painting(BFL, stage="poll")),
    "a poll of DashScope": (QWEN_TASK, painting(QWEN_TASK, stage="poll")),
    "a chat": (TALKER, chatting()),
    "a refused chat": (TALKER, chatting(REFUSAL)),
    "an improved prompt": (TALKER, enhancing),
}  # fmt: skip


@pytest.mark.parametrize("where", ATTACKS)
def test_nested_json_is_a_failure_of_its_upstream_and_the_worker_lives_on(
    gateway: HostileStack, where: str
) -> None:
    model, attack = ATTACKS[where]
    for nesting in NESTINGS:
        with ends_within(BUSY_LIMIT_S):
            assert_refused(attack(gateway, nesting))
        assert gateway.is_healthy
        # It closes the upstream's breaker too: each attack reaches who it is meant for.
        if model is TALKER:
            gateway.assert_talks()
        else:
            gateway.assert_paints(model)


@pytest.mark.parametrize("model", [SPACE, GITEE, MODELSCOPE, GEMINI], ids=lambda model: model.name)
def test_a_picture_in_many_lists_ends_in_an_answer(gateway: HostileStack, model: Model) -> None:
    for depth in DEPTHS:
        with ends_within(BUSY_LIMIT_S):
            assert_answered(gateway.paint(model, f"a lighthouse [[nested:{depth}]]"))
        gateway.assert_paints(model)


def test_nested_facts_beside_a_picture_end_in_an_answer(gateway: HostileStack) -> None:
    fields = {A1111: "info", GITEE: "field", SPACE: "event.field", MODELSCOPE: "poll.field"}
    for model, field in fields.items():
        for depth in DEPTHS:
            assert_answered(gateway.paint(model, f"a lighthouse [[{field}:{depth}]]"))
            gateway.assert_paints(model)


@pytest.mark.parametrize("model", [TALKER, Model("pollinations/openai")])
def test_a_chats_stream_of_nested_events_hurts_nobody(gateway: HostileStack, model: Model) -> None:
    for nesting in NESTINGS:
        reply = gateway.say(model.name, f"hello [[{nesting}]]", model.token, stream=True)
        assert reply.status_code == 200 or reply.json()["error"]["code"]
    gateway.assert_talks()
    assert gateway.is_healthy


@pytest.mark.parametrize(
    "directive", ["slashes:60000", "slashes:1000000", "spaces:60000", "spaces:1000000"]
)
def test_long_texts_of_a_space_block_nobody(gateway: HostileStack, directive: str) -> None:
    with gateway.others_are_answered(), ends_within(BUSY_LIMIT_S):
        reply = gateway.paint(SPACE, f"a lighthouse [[event.{directive}]]")
    assert_answered(reply)
    gateway.assert_paints(SPACE)


MANY = (
    (GITEE, "many:3000000"), (GITEE, "strings:3000000"), (GITEE, "keys:700000"), (GITEE, "pictures:60000"),
    (GITEE, "[[status:400]] [[many:3000000]]"), (MODELSCOPE, "poll.many:3000000"), (BFL, "poll.strings:3000000"),
    (SPACE, "event.many:3000000"), (SPACE, "event.keys:500000"), (SPACE, "pictures:60000"), (SPACE, "join.many:3000000"),
    (SPACE, "diffs:500"), (OPENAI, "many:3000000"), (GEMINI, "many:3000000"),
)  # fmt: skip


@pytest.mark.parametrize(("model", "directive"), MANY)
def test_an_answer_of_many_small_values_blocks_nobody(
    gateway: HostileStack, model: Model, directive: str
) -> None:
    prompt = f"a lighthouse [[{directive.removeprefix('[[').removesuffix(']]')}]]"
    with gateway.others_are_answered(), ends_within(BUSY_LIMIT_S):
        assert_answered(gateway.paint(model, prompt))
    gateway.assert_paints(model)


def test_a_space_that_tells_of_itself_in_many_values_blocks_nobody(gateway: HostileStack) -> None:
    for directive in ("many:1300000", "strings:1300000", "keys:300000"):
        with gateway.others_are_answered(), ends_within(BUSY_LIMIT_S):
            assert_answered(telling_of_itself(gateway, directive))
    gateway.forget_signature(SPACE)
    gateway.assert_paints(SPACE)


def test_thirteen_answers_of_many_small_values_at_once_block_nobody(gateway: HostileStack) -> None:
    with gateway.others_are_answered(2 * BUSY_LIMIT_S), ThreadPoolExecutor(13) as threads:
        replies = list(
            threads.map(lambda _: gateway.paint(GITEE, "a cat [[many:3000000]]"), range(13))
        )
    for reply in replies:
        assert_answered(reply)
    gateway.assert_paints(GITEE)


@pytest.mark.parametrize("model", PAINTERS, ids=lambda model: model.name)
@pytest.mark.parametrize("directive", ["nan", "huge:4000", "huge:20000", "exponent"])
def test_numbers_that_are_none_do_not_cost_the_picture(
    gateway: HostileStack, model: Model, directive: str
) -> None:
    prompt = f"a lighthouse [[{directive}]] [[event.{directive}]] [[poll.{directive}]]"
    reply = gateway.paint(model, prompt, response_format="b64_json")
    assert reply.status_code == 200, reply.text[:300]
    assert parse_strictly(reply.text)["data"][0]["b64_json"]
    stream = gateway.paint(model, prompt, stream=True, partial_images=1)
    for line in stream.text.splitlines():
        if line.startswith("data: {"):
            parse_strictly(line.removeprefix("data: "))


@pytest.mark.parametrize("model", PAINTERS, ids=lambda model: model.name)
def test_texts_of_upstreams_are_told_whole_in_short_and_without_secrets(
    gateway: HostileStack, model: Model
) -> None:
    for more in ("surrogates", "wordy:200000", "spaces:200000", "echo"):
        for way in ("", "[[status:400]]", "[[status:500]]", "[[fail]]"):
            headers = model.bearer() or {"authorization": f"Bearer {CALLERS_TOKEN}"}
            prompt = f"a lighthouse {way} [[{more}]] [[join.{more}]] [[poll.{more}]]"
            reply = gateway.paint(model, prompt, headers)
            assert_answered(reply)
            token = headers["authorization"].rpartition(" ")[2].rpartition(":")[2]
            assert way or reply.status_code == 200, reply.text[:300]
            assert token not in reply.text or (more, way) == ("echo", "")
    gateway.assert_paints(model)


@pytest.mark.parametrize("model", [SPACE, GITEE], ids=lambda model: model.name)
def test_an_operators_token_is_told_by_no_answer(gateway: HostileStack, model: Model) -> None:
    for way in ("", "[[status:400]]", "[[fail]]"):
        for stream in (False, True):
            prompt = f"a lighthouse {way} [[echo]] [[join.echo]]"
            reply = gateway.paint(model, prompt, OPERATORS_KEY, stream=stream)
            assert OPERATORS_TOKEN not in reply.text
    tokens = [str(entry["headers"]) for entry in gateway.hostile.asked()]
    assert any(OPERATORS_TOKEN in headers for headers in tokens), "there was something to repeat"


def test_an_upstream_that_names_many_pictures_has_few_of_them_fetched(
    gateway: HostileStack,
) -> None:
    for model in (SPACE, GITEE, SILICONFLOW):
        prompt = "a lighthouse [[pictures:2000]]"
        with ends_within(BUSY_LIMIT_S):
            assert_answered(gateway.paint(model, prompt, response_format="b64_json"))
        gateway.assert_paints(model)
    assert len(gateway.hostile.asked(".png")) < 100


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
def test_what_has_no_end_ends_at_the_deadline(
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


@pytest.mark.parametrize("model", [SPACE, GITEE, BFL], ids=lambda model: model.name)
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
