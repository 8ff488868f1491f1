"""What outlives the isolate that was told: two Workers, one after the other, over the same state."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.processes import free_port
from local.stack import LOCAL_SETTINGS, Plan, running
from tests.e2e.stack import Stack
from tests.e2e.test_kept_history import Visitor, databases
from tests.support.spaces import eventually
from tests.support.state import stored_bytes

SOMEBODY = ("me", "a-password-of-mine")
RESTING = {"authorization": "Bearer gitee:quota-outlives,good-outlives"}
UNREMEMBERED = {"cache-control": "no-store"}  # the history would keep the pictures
ONE_A_DAY = "dk_one-a-day"
KEYS = [
    {
        "name": "One a day",
        "digest": hashlib.sha256(ONE_A_DAY.encode()).hexdigest(),
        "images_per_day": 1,
    }
]
GITEE = {
    "model": "gitee/z-image-turbo",
    "prompt": "a lighthouse",
    "response_format": "b64_json",
}


@dataclass(frozen=True)
class Lives:
    """What each of the two answered, and the state that both left."""

    state: Path
    titles: list[str] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    histories: list[tuple[list[str], int]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    counted: list[int] = field(default_factory=list)

    def choose_an_option(self, url: str) -> None:
        with httpx.Client(base_url=url, auth=SOMEBODY, timeout=60) as client:
            address = "/sdapi/v1/options"
            self.titles.append(client.get(address).json()["sd_model_checkpoint"].partition(" ")[0])
            client.post(address, json={"sd_model_checkpoint": "flux-1-schnell"}).raise_for_status()

    def paint_with_a_token_that_fails(self, url: str) -> None:
        headers = RESTING | UNREMEMBERED
        reply = httpx.post(f"{url}/v1/images/generations", json=GITEE, headers=headers, timeout=60)
        assert reply.status_code == 200, reply.text
        self.attempts.append(reply.headers["x-darkroom-tried"])

    def paint_with_one_picture_a_day(self, url: str) -> None:
        headers = {"authorization": f"Bearer {ONE_A_DAY},gitee:good-outlives"} | UNREMEMBERED
        reply = httpx.post(f"{url}/v1/images/generations", json=GITEE, headers=headers, timeout=60)
        self.counted.append(reply.status_code)

    def fill_a_history(self, url: str, number: int) -> None:
        visitor = Visitor(url, "stays")
        with visitor.http:
            visitor.paint(f"cat {number}, first", response_format="b64_json")
            visitor.wait_for(min(2, number * 2 + 1))
            visitor.paint(f"cat {number}, second", response_format="b64_json")
            eventually(lambda: visitor.prompts()[0].endswith("second"))
            self.histories.append((visitor.prompts(), visitor.look()["total"]))
            for item in visitor.look()["history"]:
                assert httpx.get(item["image_url"], timeout=30).status_code == 200

    def ask_after_a_task(self, url: str) -> None:
        headers = {"authorization": "Bearer gitee:good-outlives"} | UNREMEMBERED
        if not self.tasks:
            body = {**GITEE, "async": True}
            address = f"{url}/v1/images/generations"
            self.tasks.append(httpx.post(address, json=body, headers=headers, timeout=60).json())
        address = f"{url}/v1/tasks/{self.tasks[0]['id']}?wait=30"
        self.tasks.append(httpx.get(address, headers=headers, timeout=60).json())


@pytest.fixture(scope="module")
def lives(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    """Two Workers that lived."""
    where = tmp_path_factory.mktemp("lives")
    lives = Lives(where / "state")
    settings = {
        "GITEE_URL": f"{stack.apis['gitee']}/v1",
        "HISTORY_CAP": "2",
        "GATEWAY_KEYS": json.dumps(KEYS),
        "TASK_SECRET": LOCAL_SETTINGS["TASK_SECRET"],
    }
    for number in range(2):
        plan = Plan(free_port(), None, lives.state, where / f"logs-{number}", vars=settings)
        with running(plan):
            lives.choose_an_option(plan.url)
            lives.paint_with_a_token_that_fails(plan.url)
            lives.paint_with_one_picture_a_day(plan.url)
            lives.fill_a_history(plan.url, number)
            lives.ask_after_a_task(plan.url)
    yield lives


def test_an_option_is_found_by_the_next_worker_too(lives: Lives) -> None:
    assert lives.titles == ["auto", "flux-1-schnell"]
    kept = stored_bytes(lives.state)
    assert b"flux-1-schnell" in kept
    assert SOMEBODY[1].encode() not in kept, "hashes alone"


def test_a_token_that_rests_is_left_alone_by_the_next_worker_too(lives: Lives) -> None:
    assert lives.attempts == [
        "gitee:z-image-turbo#1=insufficient_quota, gitee:z-image-turbo=ok",
        "gitee:z-image-turbo#1=resting_quota, gitee:z-image-turbo=ok",
    ]
    assert b"outlives" not in stored_bytes(lives.state), "hashes alone"


def test_the_pictures_of_a_day_are_counted_on_by_the_next_worker(lives: Lives) -> None:
    assert lives.counted == [200, 429]


def test_history_outlives_its_worker_and_the_cap_its_oldest(lives: Lives) -> None:
    assert lives.histories == [
        (["cat 0, second", "cat 0, first"], 2),
        (["cat 1, second", "cat 1, first"], 2),
    ]
    (database,) = databases(lives.state)
    with closing(sqlite3.connect(database)) as connection:
        dump = "\n".join(connection.iterdump())
    assert "cat 1, second" in dump
    assert "cat 0" not in dump
    assert "good-stays" not in dump, "credentials are known by their digest"
    assert len(list((lives.state / "v3/r2").rglob("blobs/*"))) == 2


def test_the_result_of_a_task_is_reported_by_the_next_worker_too(lives: Lives) -> None:
    _, first, again = lives.tasks
    assert first["status"] == "completed"
    assert again == first
