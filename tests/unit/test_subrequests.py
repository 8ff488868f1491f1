"""How many sub-requests each kind of job takes, of which the Free plan has 50 to other hosts.

The table of docs/operations.md holds the same figures.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from darkroom.providers.task_polling import MAX_POLLS
from darkroom.settings import Settings
from tests.support.odd_upstreams import DATA_URL
from tests.support.subrequests import Counting, Counts, counting

ROOT = Path(__file__).parents[2]
FREE_EXTERNAL, FREE_SERVICES = 50, 1000
GENERATIONS, EDITS, CHAT = "/v1/images/generations", "/v1/images/edits", "/v1/chat/completions"
FOREVER_S = 10_000.0
HF, MS = "hf:hf_good", "ms:good"
PICTURE = "https://files.example.com/a.png"
FAR = "https://files.example.com/hops/3.png"


def body(model: str, **fields: Any) -> dict[str, Any]:
    return {"model": model, "prompt": "a lighthouse", **fields}


async def plain(make: Callable[..., Counting]) -> Counts:
    gate = make()
    await paint(gate, GENERATIONS, body("siliconflow/Qwen/Qwen-Image"), "siliconflow:good")
    return gate.counts


async def by_a_space(make: Callable[..., Counting], **fields: Any) -> Counts:
    gate = make()
    await paint(gate, GENERATIONS, body("z-image-turbo", **fields), HF)
    return gate.counts


async def streamed(make: Callable[..., Counting]) -> Counts:
    return await by_a_space(make, stream=True, partial_images=2)


async def converted(make: Callable[..., Counting]) -> Counts:
    return await by_a_space(make, output_format="webp")


async def by_a_task(make: Callable[..., Counting], task_s: float = 20.0) -> Counts:
    gate = make(task_s)
    await paint(gate, GENERATIONS, body("ms/z-image-turbo"), MS)
    return gate.counts


async def by_a_slow_task(make: Callable[..., Counting]) -> Counts:
    gate = make(FOREVER_S)
    reply = await gate.ask(GENERATIONS, body("ms/z-image-turbo"), MS)
    assert reply.status == 504
    return gate.counts


async def four_by_slow_tasks(make: Callable[..., Counting]) -> Counts:
    gate = make(FOREVER_S, max_polls=10)
    await gate.ask(GENERATIONS, body("ms/z-image-turbo", n=4), MS)
    return gate.counts


async def ten_by_a_space(make: Callable[..., Counting]) -> Counts:
    return await by_a_space(make, n=10)


async def edited(make: Callable[..., Counting]) -> Counts:
    gate = make()
    await paint(gate, EDITS, body("qwen-image-edit", image=DATA_URL), HF)
    return gate.counts


async def edited_from_afar(make: Callable[..., Counting]) -> Counts:
    gate = make()
    images = [FAR, FAR.replace("files", "other")]
    await paint(gate, EDITS, body("qwen-image-edit", image=images), HF)
    return gate.counts


async def edited_by_a_slow_task(make: Callable[..., Counting]) -> Counts:
    gate = make(FOREVER_S)
    images = [f"https://files{number}.example.com/hops/3.png" for number in range(4)]
    reply = await gate.ask(EDITS, body("bfl/flux-2-pro", image=images), "bfl:good")
    assert reply.status == 504
    return gate.counts


async def by_the_fifth(make: Callable[..., Counting]) -> Counts:
    gate = make()
    gate.http.refusing = ("/queue/join",)
    models = ["z-image-turbo", "flux-1-schnell", "qwen-image", "pollinations/flux"]
    reply = await gate.ask(GENERATIONS, {**body(""), "model": models}, HF)
    assert reply.headers["x-darkroom-attempts"] == "5"
    return gate.counts


async def ten_streamed_by_a_space(make: Callable[..., Counting]) -> Counts:
    return await by_a_space(make, n=10, stream=True, partial_images=2)


async def chatted(make: Callable[..., Counting]) -> Counts:
    gate = make()
    turn = {"role": "user", "content": "a lighthouse"}
    await paint(
        gate, CHAT, {"model": "deepseek/deepseek-chat", "messages": [turn]}, "deepseek:good"
    )
    return gate.counts


async def idempotent(make: Callable[..., Counting]) -> Counts:
    gate = make(awake=True)
    reply = await gate.ask(GENERATIONS, body("z-image-turbo"), HF, {"idempotency-key": "one"})
    assert reply.status == 200
    return gate.counts


async def enqueued(make: Callable[..., Counting]) -> Counts:
    gate = make()
    reply = await gate.ask(GENERATIONS, body("z-image-turbo", **{"async": True}), HF)
    assert reply.status == 202
    return gate.counts


async def in_the_background(make: Callable[..., Counting]) -> Counts:
    gate = make()
    await gate.ask(GENERATIONS, body("z-image-turbo", **{"async": True}), HF)
    gate.counts.clear()
    await gate.tasks.wake(gate.tasks.created[0].id)
    return gate.counts


async def slowly_in_the_background(make: Callable[..., Counting]) -> Counts:
    gate = make(FOREVER_S)
    await gate.ask(GENERATIONS, body("ms/z-image-turbo", **{"async": True}), MS)
    gate.counts.clear()
    await gate.tasks.wake(gate.tasks.created[0].id)
    return gate.counts


async def paint(gate: Counting, path: str, fields: Mapping[str, Any], token: str) -> None:
    reply = await gate.ask(path, fields, token)
    assert reply.status == 200, reply


# Each kind as the documentation calls it.
KINDS: Mapping[str, Callable[[Callable[..., Counting]], Awaitable[Counts]]] = {
    "a picture by a provider that answers at once": plain,
    "a picture by a Space": by_a_space,
    "the same, streamed with two previews": streamed,
    "the same, in another format": converted,
    "a picture by the fifth upstream, after four Spaces that fail": by_the_fifth,
    "a picture by a task that is done after 20 s": by_a_task,
    "by a task that is not done at the deadline": by_a_slow_task,
    "four of them at once, with `MAX_POLLS` 10": four_by_slow_tasks,
    "an edit of a picture that is sent": edited,
    "an edit of two pictures by address, each behind three redirects": edited_from_afar,
    "an edit of four such pictures by a task that is not done at the deadline": edited_by_a_slow_task,
    "ten pictures by a Space": ten_by_a_space,
    "the same, streamed with two previews each": ten_streamed_by_a_space,
    "a chat": chatted,
    "a picture with an idempotency key, and the object that paints it": idempotent,
    "a request that becomes a background task": enqueued,
    "the alarm of a task that has a Space paint": in_the_background,
    "the alarm of a task whose upstream is not done at the deadline": slowly_in_the_background,
}
# What the documentation says does not fit.
TOO_MANY = {"the same, streamed with two previews each"}


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Counting]:
    return lambda *parts, **settings: counting(monkeypatch, *parts, **settings)


def rows() -> Mapping[str, list[str]]:
    """The rows of the documentation's table, by their first column."""
    text = (ROOT / "docs/operations.md").read_text("utf-8")
    table = text.partition("| what is asked for | other hosts |")[2].partition("\n\n")[0]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    return {cell[0]: cell[1:] for cell in cells}


def test_the_documentation_has_each_kind_of_job() -> None:
    assert list(rows()) == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_kind_of_job_takes_as_many_subrequests_as_the_documentation_says(
    kind: str, make: Callable[..., Counting]
) -> None:
    counts = await KINDS[kind](make)
    assert rows()[kind] == [str(counts.external), str(counts.services), str(counts.queries)]
    assert (counts.external > FREE_EXTERNAL) == (kind in TOO_MANY)
    assert counts.services < FREE_SERVICES


@pytest.mark.parametrize("model", ["ms/z-image-turbo", "bfl/flux-2-pro", "qwen/qwen-image"])
@pytest.mark.parametrize("seconds", [100, 300, 840, 3600])
async def test_no_task_is_asked_after_more_often_than_the_setting_says(
    model: str, seconds: int, make: Callable[..., Counting]
) -> None:
    token = {"ms": "ms:good", "bfl": "bfl:good", "qwen": "qwen:good"}
    gate = make(FOREVER_S, request_timeout_s=float(seconds))
    reply = await gate.ask(GENERATIONS, body(model), token[model.partition("/")[0]])
    assert reply.status == 504
    assert gate.clock.now == pytest.approx(seconds, rel=0.05)
    asked = [sent for sent in gate.http.sent if sent.startswith("GET")]
    assert MAX_POLLS / 2 < len(asked) <= MAX_POLLS


async def test_a_task_that_is_soon_done_is_asked_after_as_often_as_the_delays_say(
    make: Callable[..., Counting],
) -> None:
    gate = make(20.0)
    await gate.ask(GENERATIONS, body("ms/z-image-turbo"), MS)
    assert gate.clock.now == sum(Settings().poll_delays_s) + 2 * Settings().poll_delays_s[-1]


def test_the_default_is_the_same_in_settings_and_providers() -> None:
    assert Settings().max_polls == MAX_POLLS
    assert Settings.from_env({"MAX_POLLS": "8"}).max_polls == 8
