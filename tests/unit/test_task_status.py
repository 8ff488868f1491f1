"""The states of tasks that are asked after, in the words of every provider that has some."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from darkroom.catalog.model import Upstream
from darkroom.errors import ContentRefused, Failure, JobFailed, JobLost
from darkroom.events import Event, Finished
from darkroom.providers.bfl import BlackForestLabs
from darkroom.providers.gitee import Gitee
from darkroom.providers.modelscope import ModelScope
from darkroom.providers.provider import Provider
from darkroom.providers.qwen import Qwen
from darkroom.providers.task_polling import UNKNOWN_STATES_IN_A_ROW
from darkroom.providers.task_status import TaskState, task_state
from tests.support.fakes import FakeHttp, FakeReply
from tests.support.runs import job_of, route_to, run

URL = "https://pictures.example/a.png"
Shape = Callable[[object, bool], object]


def answer(value: object) -> FakeReply:
    return FakeReply(pieces=[json.dumps(value).encode()])


def stated(fields: dict[str, object], name: str, status: object) -> dict[str, object]:
    return fields if status is None else {**fields, name: status}


def bfl(status: object, painted: bool) -> object:
    return stated({"result": {"sample": URL}} if painted else {}, "status", status)


def gitee(status: object, painted: bool) -> object:
    return stated({"output": {"file_url": URL}} if painted else {}, "status", status)


def modelscope(status: object, painted: bool) -> object:
    return stated({"output_images": [URL]} if painted else {}, "task_status", status)


def qwen(status: object, painted: bool) -> object:
    results: dict[str, object] = {"results": [{"url": URL}]} if painted else {}
    return {"output": stated(results, "task_status", status)}


# Who polls: the provider, a model, how a task is taken, where it is asked after, how it answers.
POLLERS: dict[str, tuple[Provider, str, dict[str, object], str, Shape]] = {
    "bfl": (
        BlackForestLabs([0.0]), "bfl/flux-2-pro",
        {"/flux-2-pro": {"polling_url": "https://api.bfl.ai/v1/poll"}}, "/v1/poll", bfl,
    ),
    "gitee": (
        Gitee(lambda: "b", [0.0]), "gitee/z-image-turbo",
        {"/images/generations": {"task_id": "T"}, "/cancel": {}}, "/task/T", gitee,
    ),
    "modelscope": (
        ModelScope([0.0]), "ms/z-image-turbo",
        {"/images/generations": {"task_id": "T"}}, "/tasks/T", modelscope,
    ),
    "qwen": (
        Qwen([0.0]), "qwen/qwen-image",
        {"/image-synthesis": {"output": {"task_id": "T"}}, "/cancel": {}}, "/tasks/T", qwen,
    ),
}  # fmt: skip


async def paint(name: str, *states: tuple[object, bool]) -> tuple[list[Event], FakeHttp]:
    """What a job comes to at a provider whose task is in such states, one after the other."""
    provider, model, accepted, address, shape = POLLERS[name]
    answers = {path: [answer(value)] for path, value in accepted.items()}
    http = FakeHttp({**answers, address: [answer(shape(*state)) for state in states]})
    route = route_to(model, "token")
    upstream = Upstream(route.place, {**route.upstream.options, "task": True})
    return await run(provider, job_of(), replace(route, upstream=upstream), http), http


async def failing(name: str, *states: tuple[object, bool]) -> Failure:
    with pytest.raises(Failure) as caught:
        await paint(name, *states)
    return caught.value


@pytest.mark.parametrize("name", POLLERS)
@pytest.mark.parametrize("word", ["SUCCESS", "succeed", "Succeeded", "completed", "Ready", "DONE"])
async def test_any_word_for_success_delivers_the_picture(name: str, word: str) -> None:
    events, _ = await paint(name, ("PENDING", False), ("in-progress", False), (word, True))
    assert isinstance(events[-1], Finished)


@pytest.mark.parametrize("name", POLLERS)
@pytest.mark.parametrize("word", [None, 7, "", "perhaps", ["SUCCEED"]])
async def test_without_a_word_that_is_known_the_picture_itself_is_the_end(
    name: str, word: object
) -> None:
    events, http = await paint(name, (word, False), (word, True))
    assert isinstance(events[-1], Finished)
    assert len(http.sent_to(POLLERS[name][3])) == 2


@pytest.mark.parametrize("name", POLLERS)
async def test_a_status_that_means_nothing_ends_a_job_after_a_few_answers(name: str) -> None:
    failure = await failing(name, ("Perhaps " + "x" * 10_000, False))
    assert isinstance(failure, JobLost)
    assert "'Perhaps xxxxx" in failure.message
    assert len(failure.message) < 300


@pytest.mark.parametrize("name", POLLERS)
@pytest.mark.parametrize("word", [None, 7, {"a": 1}, float("nan")])
async def test_a_status_that_is_missing_ends_a_job_after_a_few_answers(
    name: str, word: object
) -> None:
    failure = await failing(name, (word, False))
    assert isinstance(failure, JobLost)
    assert "answered no status of it, 5 times" in failure.message


@pytest.mark.parametrize("name", POLLERS)
async def test_the_reported_code_holds_no_address_and_no_token(name: str) -> None:
    failure = await failing(name, ("see https://evil.example hf_SECRETTOKEN", False))
    assert "evil.example" not in failure.message
    assert "SECRETTOKEN" not in failure.message


@pytest.mark.parametrize("name", POLLERS)
async def test_a_few_strange_answers_between_are_passed_over(name: str) -> None:
    strange = [("perhaps", False)] * (UNKNOWN_STATES_IN_A_ROW - 1)
    events, _ = await paint(name, *strange, ("running", False), *strange, ("SUCCEEDED", True))
    assert isinstance(events[-1], Finished)


@pytest.mark.parametrize("name", POLLERS)
@pytest.mark.parametrize("word", ["FAILED", "failure", "Error", "cancelled", "CANCELED"])
async def test_any_word_for_failure_fails_the_job(name: str, word: str) -> None:
    assert isinstance(await failing(name, (word, False)), JobFailed)


@pytest.mark.parametrize("name", POLLERS)
@pytest.mark.parametrize("word", ["Content Moderated", "BLOCKED", "task_status_nsfw"])
async def test_any_word_for_moderation_refuses_the_prompt(name: str, word: str) -> None:
    assert isinstance(await failing(name, ("PENDING", False), (word, False)), ContentRefused)


@pytest.mark.parametrize("name", POLLERS)
@pytest.mark.parametrize("word", ["Task not found", "not_found"])
async def test_a_task_that_is_forgotten_is_a_lost_job_at_once(name: str, word: str) -> None:
    failure = await failing(name, (word, False))
    assert isinstance(failure, JobLost)
    assert "no longer knew it" in failure.message


@pytest.mark.parametrize("name", POLLERS)
@pytest.mark.parametrize("word", ["SUCCESS", "TASK_STATUS_SUCCEED", "JobCompleted"])
async def test_a_good_end_without_a_picture_says_that_there_is_none(name: str, word: str) -> None:
    failure = await failing(name, (word, False))
    assert isinstance(failure, JobFailed)
    assert failure.code == "no_image"


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("inProgress", TaskState.RUNNING),
        ("TASK_STATUS_SUCCEED", TaskState.DONE),
        ("task.completed", TaskState.DONE),
        ("job-failed", TaskState.FAILED),
        ("In Queue", TaskState.WAITING),
        ("成功", TaskState.DONE),
        ("", TaskState.UNKNOWN),
        ("task", TaskState.UNKNOWN),
        (" In Progress ", TaskState.RUNNING),
        ("not-started", TaskState.WAITING),
        ("unknown", TaskState.UNKNOWN),
        ("success" * 20, TaskState.UNKNOWN),
        (None, TaskState.UNKNOWN),
    ],
)
def test_a_state_is_read_whatever_its_spelling(word: object, state: TaskState) -> None:
    assert task_state(word) is state
