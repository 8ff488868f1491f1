"""Upstreams whose JSON attacks who parses it: too deep, too much of it, numbers that are none."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import httpx
import pytest

from tests.e2e.hostile import (
    A1111,
    BFL,
    GEMINI,
    GITEE,
    HF_INFERENCE,
    MODELSCOPE,
    OPENAI,
    PAINTERS,
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
from tests.support.slow import SLOW, slow, slow_but

DEPTHS = (500, 50_000, *slow(150, 3_000))
NESTINGS = ("deep:500", "deep:50000", "deep:150", "deep:3000", "objects:5000", "unclosed:20000")
USUAL_NESTINGS = NESTINGS[:2]
BUSY_LIMIT_S = 10.0
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


@pytest.mark.parametrize("nestings", [USUAL_NESTINGS, *slow(NESTINGS)], ids=["usual", "all"])
@pytest.mark.parametrize("where", ATTACKS)
def test_nested_json_is_a_failure_of_its_upstream_and_the_worker_lives_on(
    gateway: HostileStack, where: str, nestings: tuple[str, ...]
) -> None:
    model, attack = ATTACKS[where]
    for nesting in nestings:
        with ends_within(BUSY_LIMIT_S):
            assert_refused(attack(gateway, nesting))
        # It closes the upstream's breaker too: each attack reaches who it is meant for.
        if model is TALKER:
            gateway.assert_talks()
        else:
            gateway.assert_paints(model)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("model", [SPACE, GITEE, MODELSCOPE, GEMINI], ids=lambda model: model.name)
def test_a_picture_in_many_lists_ends_in_an_answer(
    gateway: HostileStack, model: Model, depth: int
) -> None:
    with ends_within(BUSY_LIMIT_S):
        assert_answered(gateway.paint(model, f"a lighthouse [[nested:{depth}]]"))
    gateway.assert_paints(model)


@pytest.mark.parametrize("depth", DEPTHS)
def test_nested_facts_beside_a_picture_end_in_an_answer(gateway: HostileStack, depth: int) -> None:
    fields = {A1111: "info", GITEE: "field", SPACE: "event.field", MODELSCOPE: "poll.field"}
    for model, field in fields.items():
        assert_answered(gateway.paint(model, f"a lighthouse [[{field}:{depth}]]"))
        gateway.assert_paints(model)


@pytest.mark.parametrize("nestings", [USUAL_NESTINGS, *slow(NESTINGS)], ids=["usual", "all"])
@pytest.mark.parametrize("model", [TALKER, Model("pollinations/openai")])
def test_a_chats_stream_of_nested_events_hurts_nobody(
    gateway: HostileStack, model: Model, nestings: tuple[str, ...]
) -> None:
    for nesting in nestings:
        reply = gateway.say(model.name, f"hello [[{nesting}]]", model.token, stream=True)
        assert reply.status_code == 200 or reply.json()["error"]["code"]
    gateway.assert_talks()


MANY = (
    (GITEE, "many:3000000"), (GITEE, "strings:3000000"), (GITEE, "keys:700000"), (GITEE, "pictures:60000"),
    (GITEE, "[[status:400]] [[many:3000000]]"), (MODELSCOPE, "poll.many:3000000"), (BFL, "poll.strings:3000000"),
    (SPACE, "event.many:3000000"), (SPACE, "event.keys:500000"), (SPACE, "pictures:60000"), (SPACE, "join.many:3000000"),
    (SPACE, "diffs:500"), (OPENAI, "many:3000000"), (GEMINI, "many:3000000"),
)  # fmt: skip
USUAL_MANY = (
    (GITEE, "many:3000000"), (GITEE, "keys:700000"), (GITEE, "pictures:60000"), (BFL, "poll.strings:3000000"),
    (GITEE, "[[status:400]] [[many:3000000]]"), (SPACE, "event.many:3000000"), (SPACE, "diffs:500"),
)  # fmt: skip


@pytest.mark.parametrize(("model", "directive"), slow_but(USUAL_MANY, MANY))
def test_an_answer_of_many_small_values_blocks_nobody(
    gateway: HostileStack, model: Model, directive: str
) -> None:
    prompt = f"a lighthouse [[{directive.removeprefix('[[').removesuffix(']]')}]]"
    with gateway.others_are_answered(), ends_within(BUSY_LIMIT_S):
        assert_answered(gateway.paint(model, prompt))
    gateway.assert_paints(model)


@pytest.mark.parametrize("directive", ["keys:300000", *slow("many:1300000", "strings:1300000")])
def test_a_space_that_tells_of_itself_in_many_values_blocks_nobody(
    gateway: HostileStack, directive: str
) -> None:
    with gateway.others_are_answered(), ends_within(BUSY_LIMIT_S):
        assert_answered(telling_of_itself(gateway, directive))
    gateway.forget_signature(SPACE)
    gateway.assert_paints(SPACE)


@SLOW
def test_thirteen_answers_of_many_small_values_at_once_block_nobody(gateway: HostileStack) -> None:
    # Their failures may open a breaker: this model is asked for here alone.
    crowd = Model("gitee/GLM-Image", "gitee:token")
    gateway.assert_paints(crowd)
    with gateway.others_are_answered(2 * BUSY_LIMIT_S), ThreadPoolExecutor(13) as threads:
        replies = list(
            threads.map(lambda _: gateway.paint(crowd, "a cat [[many:3000000]]"), range(13))
        )
    for reply in replies:
        assert_answered(reply)
    gateway.assert_paints(GITEE)


NUMBERS = ("nan", "huge:20000", "exponent")
USUAL_NUMBERS = {
    *((model, "nan") for model in PAINTERS), *((GITEE, directive) for directive in NUMBERS),
}  # fmt: skip


@pytest.mark.parametrize(
    ("model", "directive"), slow_but(USUAL_NUMBERS, product(PAINTERS, NUMBERS))
)
def test_invalid_numbers_do_not_cost_the_picture(
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
