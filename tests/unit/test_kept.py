"""What is kept: whose it is, how much of it, and until when."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.edge.database_sweeper import ROWS_AT_ONCE, DatabaseSweeper
from darkroom.edge.history import D1History
from darkroom.edge.kept import D1Kept
from darkroom.events import Finished, Picture
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.limit_settings import DAY_S, Lifetimes
from darkroom.limits.errors import LimitReached
from darkroom.limits.kept_media import KeptMedia
from darkroom.settings import Settings
from darkroom.stores.history import HistoryItem
from darkroom.stores.kept import Kept, KeptLimits
from darkroom.stores.sweeping import MOST_STEPS, POSITION, BucketEntry, BucketSweeper, sweep
from darkroom.stores.unavailable import StoreUnavailable
from tests.support.fakes import PNG, FakeClock, FakeProvider, MemoryMedia, gateway, json_of, request
from tests.support.limits import UNLIMITED, SqliteDatabase, limited

NOW = FakeClock().time()
NO_LIMITS = KeptLimits()
HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)


def media(
    database: SqliteDatabase, limits: KeptLimits = NO_LIMITS
) -> tuple[KeptMedia, MemoryMedia]:
    inner = MemoryMedia()
    store = KeptMedia(inner, D1Kept(database), "token:a", limits, Settings(), FakeClock())
    return store, inner


async def test_of_many_at_once_exactly_what_fits_is_kept() -> None:
    database = SqliteDatabase()
    store, inner = media(database, KeptLimits(bytes=1000))
    results = await asyncio.gather(
        *(store.put(f"{n}.png", BytesBlob(bytes(90)), "image/png") for n in range(50)),
        return_exceptions=True,
    )
    assert Counter(type(result) for result in results) == {type(None): 11, LimitReached: 39}
    assert len(inner.kept) == 11
    assert database.rows("SELECT bytes, objects FROM kept_sums") == [(990, 11), (990, 11)]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (KeptLimits(bytes=15), "kept_bytes: the limit of 15 bytes kept for one caller"),
        (KeptLimits(objects=1), "kept_objects: the limit of 1 objects kept for one caller"),
        (KeptLimits(total_bytes=15), "kept_bytes: the limit of 15 bytes kept for this gateway"),
        (KeptLimits(total_objects=1), "kept_objects: the limit of 1 objects kept for this gateway"),
    ],
)
async def test_each_limit_is_reached_and_named(limits: KeptLimits, words: str) -> None:
    database = SqliteDatabase()
    store, inner = media(database, limits)
    await store.put("a.png", BytesBlob(bytes(10)), "image/png")
    with pytest.raises(LimitReached, match=words):
        await store.put("b.png", BytesBlob(bytes(10)), "image/png")
    assert list(inner.kept) == ["a.png"]
    await store.delete("a.png")
    await store.put("b.png", BytesBlob(bytes(10)), "image/png")


async def test_what_is_written_anew_counts_once_with_its_new_size() -> None:
    database = SqliteDatabase()
    store, _ = media(database, KeptLimits(bytes=20, objects=1))
    for size in (10, 20, 5, 20):
        await store.put("embeddings/x/a", BytesBlob(bytes(size)), "x/y")
        assert database.rows("SELECT bytes, objects FROM kept_sums") == [(size, 1)] * 2
    with pytest.raises(LimitReached):
        await store.put("embeddings/x/a", BytesBlob(bytes(21)), "x/y")
    assert database.rows("SELECT bytes FROM kept") == [(20,)]


async def test_what_the_bucket_does_not_take_is_not_counted() -> None:
    database = SqliteDatabase()
    store, inner = media(database)

    async def broken(*_: object) -> None:
        raise StoreUnavailable("no")

    inner.put_parts = broken  # type: ignore[method-assign, assignment]
    with pytest.raises(StoreUnavailable):
        await store.put("a.png", BytesBlob(bytes(10)), "image/png")
    assert database.rows("SELECT * FROM kept") == []
    assert database.rows("SELECT objects FROM kept_sums WHERE owner = ''") == [(0,)]


async def test_a_database_that_does_not_answer_loses_no_picture() -> None:
    database = SqliteDatabase()
    database.broken = True
    store, inner = media(database, KeptLimits(bytes=1))
    await store.put("a.png", BytesBlob(bytes(10)), "image/png")
    await store.delete("a.png")
    assert not inner.kept


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("a.png", 30), ("results/x", 1), ("embeddings/c/x", 90), ("responses/c/r/0", 30),
        ("tasks/o/request", None),
    ],
)  # fmt: skip
async def test_everything_has_a_lifetime(name: str, days: float | None) -> None:
    database = SqliteDatabase()
    store, inner = media(database)
    await store.put(name, BytesBlob(b"x"), "x/y")
    assert inner.until[name] == (None if days is None else NOW + days * DAY_S)
    await store.put_parts(f"vl/{name}", [BytesBlob(b"x")], "x/y", NOW + 5)
    assert inner.until[f"vl/{name}"] == NOW + 5


# What callers meet.


async def call(gate: Any, **fields: Any) -> Reply:
    body = {"model": "flux-1-schnell", "prompt": "a cat", "response_format": "url", **fields}
    sent = request("POST", "/v1/images/generations", body, {"authorization": "Bearer hf:me"})
    return await handle(sent, gate, lambda entry: None)


async def test_a_picture_beyond_the_limit_is_handed_over_all_the_same() -> None:
    kept = MemoryMedia()
    gate = gateway(FakeProvider([[HELD]]), media=kept)
    gate, database = limited(gate, replace(UNLIMITED, kept_objects=1))
    first = (await json_of(await call(gate)))["data"][0]
    assert first["url"].startswith("https://darkroom.example/media/")
    assert first["expires_at"] == int(NOW) + 30 * 86_400
    second = (await json_of(await call(gate)))["data"][0]
    assert second["url"].startswith("data:image/png;base64,")
    assert "expires_at" not in second
    assert len(kept.kept) == 1
    ((name, owner),) = database.rows("SELECT name, owner FROM kept")
    assert name in first["url"]
    assert owner.startswith("token:")


# The sweep.


@dataclass
class FakeBucket:
    """A bucket whose pages hold a thousand; `names` are times to live by name."""

    entries: dict[str, BucketEntry] = field(default_factory=dict)
    position: str = ""
    listed: int = 0

    async def page(self, after: str) -> tuple[Sequence[BucketEntry], bool]:
        self.listed += 1
        behind = [self.entries[name] for name in sorted(self.entries) if name > after]
        return behind[:1000], len(behind) > 1000

    async def delete(self, *names: str) -> None:
        assert len(names) <= 1000
        for name in names:
            del self.entries[name]

    async def read_position(self) -> str:
        return self.position

    async def save_position(self, name: str) -> None:
        self.position = name


def bucket_of(count: int, *, days_ago: float, until: float | None = None) -> FakeBucket:
    entries = {
        f"{n:06}.png": BucketEntry(f"{n:06}.png", NOW - days_ago * DAY_S, until)
        for n in range(count)
    }
    return FakeBucket(entries)


def sweeper_of(bucket: FakeBucket) -> BucketSweeper:
    return BucketSweeper(bucket, lambda name: Lifetimes().kept_for_s(name, DAY_S))


async def test_ten_thousand_objects_go_in_bounded_steps() -> None:
    bucket, log = bucket_of(10_500, days_ago=31), list[Any]()
    await sweep([sweeper_of(bucket)], NOW, log.append)
    assert (bucket.listed, len(bucket.entries)) == (MOST_STEPS, 10_500 - MOST_STEPS * 1000)
    for _ in range(2):
        await sweep([sweeper_of(bucket)], NOW, log.append)
    assert not bucket.entries
    assert bucket.position == ""
    assert sum(entry["deleted"] for entry in log) == 10_500


async def test_the_living_do_not_keep_the_sweep_from_what_comes_behind_them() -> None:
    bucket = bucket_of(6_000, days_ago=1)
    bucket.entries["zzz.png"] = BucketEntry("zzz.png", NOW - 99 * DAY_S, None)
    await sweep([sweeper_of(bucket)], NOW, lambda entry: None)
    assert len(bucket.entries) == 6_001
    await sweep([sweeper_of(bucket)], NOW, lambda entry: None)
    assert len(bucket.entries) == 6_000
    assert bucket.position == ""  # it begins again


@pytest.mark.parametrize(
    ("entry", "goes"),
    [
        (BucketEntry("a.png", NOW - 29.9 * DAY_S, None), False),
        (BucketEntry("a.png", NOW - 30 * DAY_S, None), True),
        (BucketEntry("a.png", NOW - 99 * DAY_S, NOW + 1), False),  # as it was told
        (BucketEntry("a.png", NOW - 1, NOW), True),
        (BucketEntry("vl/c/a", NOW - 8 * DAY_S, NOW - 1), True),
        (BucketEntry("results/a", NOW - 2 * DAY_S, None), True),
        (BucketEntry("embeddings/c/a", NOW - 89 * DAY_S, None), False),
        (BucketEntry("tasks/o/request", NOW - 999 * DAY_S, None), False),
        (BucketEntry(POSITION, NOW - 999 * DAY_S, None), False),
    ],
)
async def test_an_object_goes_when_it_is_over(entry: BucketEntry, goes: bool) -> None:
    bucket = FakeBucket({entry.name: entry})
    await sweep([sweeper_of(bucket)], NOW, lambda entry: None)
    assert (not bucket.entries) is goes


async def test_one_sweeper_that_fails_keeps_no_other_from_its_work() -> None:
    database, log = SqliteDatabase(), list[Any]()
    database.broken = True
    bucket = bucket_of(1, days_ago=31)
    await sweep([DatabaseSweeper(database, Lifetimes()), sweeper_of(bucket)], NOW, log.append)
    assert log == [
        {"sweep": "database", "deleted": 0, "failed": True},
        {"sweep": "bucket", "deleted": 1, "failed": False},
    ]


async def test_old_rows_go_in_bounded_steps_and_new_ones_stay() -> None:
    database = SqliteDatabase()
    history = D1History(database)
    old, new = NOW - 31 * DAY_S, NOW - 1
    for n in range(ROWS_AT_ONCE + 3):
        await history.add(f"scope{n}", HistoryItem(n, old, {}), 500)
    await history.add("scope0", HistoryItem(9999, new, {}), 500)
    register = D1Kept(database)
    await register.add(Kept("old.png", "a", 5, NOW), KeptLimits())
    await register.add(Kept("new.png", "a", 7, NOW + 1), KeptLimits())
    sweeper = DatabaseSweeper(database, Lifetimes())
    deleted, more = await sweeper.step(NOW)
    assert (more, database.rows("SELECT COUNT(*) FROM history")) == (True, [(4,)])
    deleted, more = await sweeper.step(NOW)
    assert (deleted, more) == (3 + 3, False)  # and those who have nothing left
    assert database.rows("SELECT scope, id FROM history") == [("scope0", 9999)]
    assert database.rows("SELECT scope, last_number FROM history_callers") == [("scope0", 2)]
    assert database.rows("SELECT name FROM kept") == [("new.png",)]
    assert database.rows("SELECT bytes, objects FROM kept_sums ORDER BY owner") == [(7, 1), (7, 1)]
