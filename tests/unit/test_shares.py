"""Shared pictures: put on a page of their own where the operator allows it, and gone after some days."""

import html
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.dialects.service.shares import MAX_PICTURE_BYTES
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.limit_settings import DAY_S, Lifetimes
from darkroom.response_headers import guard_headers
from darkroom.settings import Settings
from darkroom.stores.sweeping import BucketEntry, BucketSweeper
from tests.support.fakes import FakeClock, MemoryMedia, body_of, gateway, json_of, request
from tests.support.limits import UNLIMITED, limited
from tests.support.pictures import picture

NOW = FakeClock().time()
PICTURE = picture(size=(64, 48))
ON = Settings(sharing=True)
HOSTILE = """<script>alert(1)</script>" onload="x' &amp; \u202e$image {title} </h1>"""


def form(image: bytes | None = PICTURE, **fields: str) -> tuple[bytes, Mapping[str, str]]:
    """A body as a browser writes it."""
    parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    if image is not None:
        parts.append(b'name="image"; filename="a.html"\r\nContent-Type: text/html\r\n\r\n' + image)
    lines = [b"--edge\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts]
    body = b"".join(lines) + b"--edge--\r\n"
    return body, {"content-type": "multipart/form-data; boundary=edge"}


async def ask(gate: Gateway, method: str, path: str, *body: Any) -> Reply:
    return await handle(request(method, path, *body), gate, lambda entry: None)


async def share(gate: Gateway, image: bytes | None = PICTURE, **fields: str) -> Reply:
    return await ask(gate, "POST", "/v1/shares", *form(image, **fields))


def sharing(settings: Settings = ON) -> tuple[Gateway, MemoryMedia]:
    media = MemoryMedia()
    return gateway(media=media, settings=settings), media


async def page_of(gate: Gateway, shared: Reply) -> Reply:
    return await ask(gate, "GET", f"/p/{(await json_of(shared))['id']}")


async def test_a_shared_picture_has_a_page_with_its_preview_and_a_way_back_into_darkroom() -> None:
    gate, media = sharing(replace(ON, public_url="https://darkroom.example"))
    reply = await share(gate, prompt="a fox & a hen", model="z-image-turbo", seed="7", steps="9")
    made = await json_of(reply)
    assert reply.status == 201
    assert reply.headers["location"] == made["url"] == f"https://darkroom.example/p/{made['id']}"
    assert made["image_url"] == f"https://darkroom.example/media/{made['id']}.png"
    assert made["expires_at"] == int(NOW + 30 * DAY_S)
    kept = await ask(gate, "GET", f"/media/{made['id']}.png")
    assert (await body_of(kept), kept.headers["content-type"]) == (PICTURE, "image/png")

    page = await page_of(gate, reply)
    text = (await body_of(page)).decode()
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert f'property="og:image" content="{made["image_url"]}"' in text
    assert 'property="og:title" content="a fox &amp; a hen"' in text
    assert 'content="64"' in text
    link = "/#create?prompt=a%20fox%20%26%20a%20hen&model=z-image-turbo&seed=7&steps=9"
    assert html.escape(link) in text
    assert set(media.until.values()) == {NOW + 30 * DAY_S}, "the sweep deletes both"


async def test_what_callers_wrote_is_text_on_the_page_and_nothing_on_it_runs() -> None:
    gate, _ = sharing()
    reply = await share(gate, prompt=HOSTILE, model=HOSTILE, negative_prompt=HOSTILE)
    page = await page_of(gate, reply)
    text = (await body_of(page)).decode()
    assert "<script" not in text
    assert "alert(1)" in text
    assert "onload=&quot;x&#x27; &amp;amp;" in text
    assert "\u202e" not in text
    assert "$image" in text, "a template is filled once"
    assert set(re.findall(r"<(\w+)", text)) <= {
        *("html", "head", "meta", "title", "style", "body", "header", "main"),
        *("img", "h1", "dl", "dt", "dd", "p", "a"),
    }
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; img-src 'self'; style-src 'sha256-")
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_no_other_answer_becomes_html_whatever_it_says() -> None:
    headers = {"content-type": "text/html", "content-security-policy": "script-src *"}
    guarded = guard_headers(headers)
    assert guarded["content-type"] == "application/octet-stream"
    assert guarded["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    ("settings", "media"), [(Settings(), MemoryMedia()), (ON, None)], ids=["off", "no bucket"]
)
async def test_where_sharing_is_off_nothing_is_taken_or_shown_and_health_says_so(
    settings: Settings, media: MemoryMedia | None
) -> None:
    gate = gateway(media=media, settings=settings)
    refused = await share(gate, prompt="a fox")
    assert (refused.status, (await json_of(refused))["error"]["code"]) == (503, "sharing_off")
    assert (await json_of(await ask(gate, "GET", "/health")))["sharing"] is False
    assert (await ask(gate, "GET", "/p/a")).status == 404
    assert not (media and media.kept)


async def test_health_tells_that_pictures_can_be_shared() -> None:
    gate, _ = sharing()
    assert (await json_of(await ask(gate, "GET", "/health")))["sharing"] is True


@pytest.mark.parametrize(
    "image",
    [
        None,
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a\0\0\0\0",
        PICTURE[:16] + b"\xff" * 8 + PICTURE[24:],
    ],
    ids=["none", "empty", "svg", "html", "no header", "no size", "too wide"],
)
async def test_only_real_pictures_are_taken(image: bytes | None) -> None:
    gate, media = sharing()
    reply = await share(gate, image, prompt="a fox")
    error = (await json_of(reply))["error"]
    assert (reply.status, error["param"]) == (400, "image")
    assert media.kept == {}


async def test_too_large_a_picture_is_refused_by_its_size() -> None:
    gate, media = sharing()
    reply = await share(gate, PICTURE + bytes(MAX_PICTURE_BYTES))
    assert reply.status == 400
    assert str(MAX_PICTURE_BYTES) in (await json_of(reply))["error"]["message"]
    assert (await share(gate, PICTURE + bytes(MAX_PICTURE_BYTES + 1024**2))).status == 413
    assert media.kept == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", "x" * 32_001),
        ("model", "x" * 201),
        ("seed", "-1"),
        ("seed", "many"),
        ("steps", "1e9"),
        ("guidance_scale", "nan"),
    ],
)
async def test_a_field_out_of_bounds_is_refused_by_its_name(field: str, value: str) -> None:
    gate, media = sharing()
    reply = await share(gate, PICTURE, **{field: value})
    assert (reply.status, (await json_of(reply))["error"]["param"]) == (400, field)
    assert media.kept == {}


async def test_a_page_is_over_with_its_term_even_before_the_sweep() -> None:
    lifetimes = Lifetimes(share_lifetime_days=2)
    gate, _ = sharing(replace(ON, lifetimes=lifetimes))
    reply = await share(gate)
    assert (await page_of(gate, reply)).status == 200
    assert isinstance(gate.clock, FakeClock)
    gate.clock.now += 2 * DAY_S
    over = await page_of(gate, reply)
    assert (over.status, over.headers["content-type"]) == (404, "application/json")
    assert (await json_of(over))["error"]["code"] == "share_not_found"


async def test_the_sweep_deletes_what_is_over_of_a_share() -> None:
    deleted: list[str] = []

    class Bucket:
        async def page(self, after: str) -> tuple[list[BucketEntry], bool]:
            entries = [("a.png", NOW), ("b.png", NOW + 1), ("shares/a", NOW), ("shares/b", None)]
            return [BucketEntry(name, NOW - 29 * DAY_S, until) for name, until in entries], False

        async def delete(self, *names: str) -> None:
            deleted.extend(names)

        async def read_position(self) -> str:
            return ""

        async def save_position(self, name: str) -> None:
            pass

    lifetimes = Lifetimes()
    await BucketSweeper(Bucket(), lambda name: lifetimes.kept_for_s(name, 0)).step(NOW)
    assert deleted == ["a.png", "shares/a"]
    assert lifetimes.kept_for_s("shares/b", 0) == 30 * DAY_S


async def test_a_caller_shares_as_much_as_they_may_keep() -> None:
    gate, media = sharing()
    gate, _ = limited(gate, replace(UNLIMITED, kept_objects=3))
    assert (await share(gate)).status == 201
    reply = await share(gate)
    assert reply.status == 429
    assert "kept_objects" in (await json_of(reply))["error"]["message"]
    assert len(media.kept) == 2, "no picture is left without its page"


async def test_who_shared_a_picture_ends_that_with_the_key_of_the_answer_and_nobody_else() -> None:
    gate, media = sharing()
    made, other = [await json_of(await share(gate)) for _ in range(2)]
    for wrong in (made["id"], other["key"] + "x", "%00", "x" * 65):
        assert (await ask(gate, "DELETE", f"/v1/shares/{wrong}")).status == 404
    ended = await ask(gate, "DELETE", f"/v1/shares/{made['key']}")
    assert (await json_of(ended)) == {"object": "share.deleted", "id": made["id"], "deleted": True}
    assert (await ask(gate, "GET", f"/p/{made['id']}")).status == 404
    assert sorted(media.kept) == sorted([f"{other['id']}.png", f"shares/{other['id']}"])
    assert (await ask(gate, "DELETE", f"/v1/shares/{made['key']}")).status == 404
    assert (await ask(gateway(media=None), "DELETE", "/v1/shares/a")).status == 404


@pytest.mark.parametrize("share_id", ["a", "..%2Fa", "%00", "a/b", "x" * 65, "shares"])
async def test_a_page_that_is_not_there_is_a_404_in_json(share_id: str) -> None:
    gate, media = sharing()
    await media.put("shares/broken", BytesBlob(b"{"), "application/json")
    for path in (share_id, "broken"):
        reply = await ask(gate, "GET", f"/p/{path}")
        assert reply.status == 404
        assert json.loads(await body_of(reply))["error"]["code"] == "share_not_found"
