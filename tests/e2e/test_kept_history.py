"""Histories in workerd, in its own D1 and R2."""

import base64
import io
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from local.migrations import migrate
from local.stack import wrangler_environment
from tests.e2e.stack import Stack
from tests.support.spaces import eventually

_names = count()


class Visitor:
    """A caller with a token of their own, and so with a history of their own."""

    def __init__(self, url: str, name: str) -> None:
        self.url, self.name = url, name
        self.http = httpx.Client(
            base_url=url, headers={"authorization": f"Bearer gitee:good-{name}"}, timeout=60
        )

    def paint(self, prompt: str, **body: Any) -> dict[str, Any]:
        fields = {"model": "gitee/z-image-turbo", "prompt": prompt, "size": "512x512", **body}
        reply = self.http.post("/v1/images/generations", json=fields)
        assert reply.status_code == 200, reply.text[:500]
        answer: dict[str, Any] = reply.json()
        return answer

    def look(self, **query: Any) -> dict[str, Any]:
        reply = self.http.get("/api/history", params={"inline": 0, **query})
        assert reply.status_code == 200, reply.text[:500]
        answer: dict[str, Any] = reply.json()
        return answer

    def prompts(self, **query: Any) -> list[str]:
        return [item["prompt"] for item in self.look(**query)["history"]]

    def wait_for(self, total: int) -> None:
        """History is written after the answer was given."""
        eventually(lambda: self.look()["total"] == total)

    def delete(self, index: int, **query: Any) -> httpx.Response:
        return self.http.delete(f"/api/history/{index}", params=query)


@pytest.fixture
def visitor(stack: Stack) -> Iterator[Visitor]:
    visitor = Visitor(stack.url, f"visitor-{next(_names)}")
    with visitor.http:
        yield visitor


@pytest.fixture
def other(stack: Stack) -> Iterator[Visitor]:
    other = Visitor(stack.url, f"visitor-{next(_names)}")
    with other.http:
        yield other


def picture_in(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text, validate=True)))


def test_the_list_holds_pictures_newest_first(visitor: Visitor) -> None:
    visitor.paint("cat 0")
    visitor.wait_for(1)
    visitor.paint("cat 1", response_format="b64_json")
    visitor.wait_for(2)
    listed = visitor.http.get("/api/history").json()
    assert [item["prompt"] for item in listed["history"]] == ["cat 1", "cat 0"]
    for item in listed["history"]:
        assert picture_in(item["image_b64"]).size == (512, 512)
        fetched = httpx.get(item["image_url"], timeout=30)
        assert fetched.content == base64.b64decode(item["image_b64"])
        assert item["gen_time"] > 0
    assert visitor.prompts(limit=1, offset=1) == ["cat 0"]


def test_a_stream_is_remembered_too(visitor: Visitor) -> None:
    fields = {"model": "gitee/z-image-turbo", "prompt": "a fox", "size": "512x512", "stream": True}
    with visitor.http.stream("POST", "/v1/images/generations", json=fields) as reply:
        assert "image_generation.completed" in reply.read().decode()
    visitor.wait_for(1)
    assert visitor.prompts() == ["a fox"]


def test_other_routes_and_work_in_the_background_are_remembered_too(visitor: Visitor) -> None:
    relay = "/v2/image/flux-1/generate"
    measures = {"width": 256, "height": 256, "num_inference_steps": 1}
    waited = visitor.http.post(relay, json={"inputs": "by the relay", **measures})
    assert waited.status_code == 200, waited.text[:500]
    visitor.wait_for(1)
    background = {"model": "gitee/z-image-turbo", "size": "512x512", "async": True}
    for total, (path, fields) in enumerate(
        [
            (relay, {"inputs": "by the relay, later", "async": True, **measures}),
            ("/v1/images/generations", {"prompt": "later", **background}),
        ],
        start=2,
    ):
        accepted = visitor.http.post(path, json=fields)
        assert accepted.status_code == 202, accepted.text[:500]
        visitor.wait_for(total)
    assert visitor.prompts() == ["later", "by the relay, later", "by the relay"]
    for item in visitor.http.get("/api/history").json()["history"]:
        assert picture_in(item["image_b64"]).size in {(512, 512), (256, 256)}


@pytest.mark.parametrize("token", ["hf:good-of-anna", "hf:good-of-bert,hf:good-too"])
def test_a_picture_of_a_public_studio_is_in_its_callers_history(stack: Stack, token: str) -> None:
    headers = {"authorization": f"Bearer {token}"}
    body = {"prompt": "a cat", "steps": 1, "width": 256, "height": 256}
    reply = httpx.post(f"{stack.url}/api/generate", json=body, headers=headers, timeout=60)
    assert reply.headers["x-darkroom-provider"] == "studio"
    reported = int(reply.headers["x-history-id"])

    def ids(who: dict[str, str]) -> list[int]:
        answer = httpx.get(f"{stack.url}/api/history?inline=0", headers=who, timeout=30)
        return [item["id"] for item in answer.json()["history"]]

    eventually(lambda: ids(headers) == [reported])
    assert ids({"authorization": f"Bearer {token.partition(',')[0]}x"}) == []


def test_one_item_is_reported_and_deleted_with_its_picture(visitor: Visitor) -> None:
    for number in range(3):
        visitor.paint(f"cat {number}")
        visitor.wait_for(number + 1)
    reported = visitor.http.get("/api/history/1").json()
    assert (reported["prompt"], picture_in(reported["image_b64"]).size) == ("cat 1", (512, 512))
    deleted = visitor.delete(1).json()
    assert deleted["deleted"] == reported
    assert deleted["remaining"] == 2
    assert visitor.prompts() == ["cat 2", "cat 0"]
    eventually(lambda: httpx.get(reported["image_url"], timeout=30).status_code == 404)
    assert visitor.delete(2).status_code == 404


def test_clearing_forgets_everything(visitor: Visitor) -> None:
    addresses = [visitor.paint(f"cat {number}")["data"][0]["url"] for number in range(2)]
    visitor.wait_for(2)
    assert visitor.http.delete("/api/history").json() == {"cleared": 2}
    assert visitor.prompts() == []
    for address in addresses:
        eventually(lambda a=address: httpx.get(a, timeout=30).status_code == 404)  # type: ignore[misc]


def test_two_callers_at_once_see_their_own_alone(visitor: Visitor, other: Visitor) -> None:
    rounds = 12
    with ThreadPoolExecutor(8) as pool:
        jobs = [
            pool.submit(who.paint, f"{who.name} {number}", seed=number)
            for number in range(rounds)
            for who in (visitor, other)
        ]
        glances = [
            pool.submit(who.prompts, limit=500) for _ in range(8) for who in (visitor, other)
        ]
        for job in jobs:
            job.result()
    for index, look in enumerate(glances):
        owner = (visitor, other)[index % 2]
        assert all(prompt.startswith(owner.name) for prompt in look.result())
    visitor.wait_for(rounds)
    other.wait_for(rounds)
    mine = visitor.look(limit=500)["history"]
    theirs = other.look(limit=500)["history"]
    for who, items in ((visitor, mine), (other, theirs)):
        assert {item["prompt"] for item in items} == {f"{who.name} {n}" for n in range(rounds)}
    assert not {item["id"] for item in mine} & {item["id"] for item in theirs}
    assert not {item["image_url"] for item in mine} & {item["image_url"] for item in theirs}
    for item in mine:
        for reply in (
            other.http.get("/api/history/0", params={"id": item["id"]}),
            other.delete(0, id=item["id"]),
        ):
            assert reply.status_code == 404
            assert item["image_url"] not in reply.text
    assert len(visitor.look(limit=500)["history"]) == rounds


def test_deleting_by_position_hits_what_was_listed_while_others_come_in(visitor: Visitor) -> None:
    for number in range(6):
        visitor.paint(f"old {number}", seed=number)
        visitor.wait_for(number + 1)
    listed = visitor.look()
    chosen = [item["prompt"] for item in listed["history"]][3]
    with ThreadPoolExecutor(6) as pool:
        painting = [pool.submit(visitor.paint, f"new {n}", seed=100 + n) for n in range(8)]
        eventually(lambda: visitor.prompts()[3] != chosen)
        moved = pool.submit(visitor.delete, 3, as_of=listed["as_of"]).result()
        for job in painting:
            job.result()
    assert moved.json()["deleted"]["prompt"] == chosen
    visitor.wait_for(13)
    prompts = visitor.prompts(limit=500)
    assert chosen not in prompts
    assert sorted(p for p in prompts if p.startswith("old")) == sorted(
        {f"old {n}" for n in range(6)} - {chosen}
    )


def test_no_two_deletions_at_once_get_the_same_item(visitor: Visitor) -> None:
    visitor.paint("a cat", n=8, seed=1)
    visitor.wait_for(8)
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: visitor.delete(0), range(8)))
    ids = [reply.json()["deleted"]["id"] for reply in replies]
    assert len(set(ids)) == 8
    assert visitor.look()["total"] == 0


def test_callers_without_a_credential_have_none(stack: Stack) -> None:
    fields = {"model": "flux-1-schnell", "prompt": "nobody's", "size": "512x512"}
    painted = httpx.post(f"{stack.url}/v1/images/generations", json=fields, timeout=60)
    assert painted.status_code == 200
    listed = httpx.get(f"{stack.url}/api/history", timeout=30).json()
    assert listed["history"] == []
    assert "credential" in listed["note"]


def test_a_state_from_before_gets_the_tables_that_are_new(tmp_path: Path) -> None:
    migrate(tmp_path, wrangler_environment())
    (database,) = databases(tmp_path)
    with sqlite3.connect(database) as connection:  # as one that knew no migrations yet
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall()
        for (table,) in tables:
            if not table.startswith(("sqlite_", "_cf_")):
                connection.execute(f"DROP TABLE {table}")
    connection.close()
    (tmp_path / "migrated").write_text("another digest")
    migrate(tmp_path, wrangler_environment())
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT COUNT(*) FROM history").fetchone() == (0,)
    connection.close()


def databases(state: Path) -> list[Path]:
    found = (state / "v3/d1").rglob("*.sqlite")
    return [path for path in found if path.stem != "metadata"]
