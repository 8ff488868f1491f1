"""The Model Context Protocol as clients of both eras speak it, providers faked."""

import asyncio
import base64
import io
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from api.mcp_tools import FILE, tools_json
from darkroom.app import handle
from darkroom.blob import Blob, BytesBlob
from darkroom.deadline import Deadline
from darkroom.dialects.mcp.message import MAX_ID_CHARS
from darkroom.dialects.mcp.previews import MAX_BYTES
from darkroom.dialects.mcp.progress import ProgressMeter
from darkroom.errors import ContentRefused, JobFailed
from darkroom.events import Event, Finished, Picture, Preview, Progress, Queued, Started
from darkroom.gateway import Gateway
from darkroom.http import Http, Reply
from darkroom.image import ImageFile
from darkroom.job import ImageJob
from darkroom.providers.provider import Route
from darkroom.settings import Settings
from darkroom.stores.history import HistoryItem, Which
from darkroom.stores.progress import Interrupt, JobProgress, MemoryProgress
from tests.support.background import with_background
from tests.support.fakes import (
    PNG,
    WEBP,
    FakeClock,
    FakeConverter,
    FakeHttp,
    FakeProvider,
    FakeReply,
    MemoryHistory,
    MemoryMedia,
    Script,
    gateway,
    json_of,
    request,
)
from tests.support.mcp import CAPABILITIES, TASKS, VERSION, Client, read
from tests.support.streams import hurry_heartbeats

KNOWN = {"authorization": "Bearer hf:hf_somebody"}
OTHER = {"authorization": "Bearer hf:hf_somebody_else"}
TOOLS = {tool["name"]: tool for tool in json.loads(FILE.read_text("utf-8"))}
MODERN_HEADERS = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list"}
eras = pytest.mark.parametrize("modern", [False, True], ids=["2025", "2026"])


def photo(side: int = 64) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((side, side), 90).convert("RGB").save(file, "PNG")
    return file.getvalue()


def finished(data: bytes = PNG, seed: int | None = 42) -> Finished:
    return Finished((Picture(file=ImageFile(data=BytesBlob(data))),), seed)


PAINTED: Script = [Queued(3, 5, 9.0), Started(), Progress(1, 4), Progress(2, 4), finished()]


def studio(*scripts: Script, **parts: Any) -> Gateway:
    """A gateway that paints and keeps."""
    parts = {"media": MemoryMedia(), "history": MemoryHistory(), **parts}
    return gateway(FakeProvider(list(scripts) or [PAINTED]), **parts)


# Versions and messages


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("2025-11-25", "2025-11-25"),
        ("2025-06-18", "2025-06-18"),
        ("2025-03-26", "2025-11-25"),
        ("2099-01-01", "2025-11-25"),
        (None, "2025-11-25"),
        (["2025-06-18"], "2025-11-25"),
    ],
)
async def test_the_handshake_gives_back_a_version_that_is_known(asked: object, given: str) -> None:
    said = await Client(studio()).ask("initialize", {"protocolVersion": asked, "capabilities": {}})
    assert said.status == 200
    assert said.result["protocolVersion"] == given
    assert said.result["serverInfo"]["name"] == "darkroom"
    assert set(said.result["capabilities"]) == {"tools", "resources", "prompts"}
    assert said.headers["mcp-session-id"]
    assert "resultType" not in said.result


async def test_a_client_of_2026_discovers_what_there_is() -> None:
    gate, _ = with_background(studio())
    said = await Client(gate, modern=True).ask("server/discover")
    result = said.result
    assert result["supportedVersions"] == ["2026-07-28", "2025-11-25", "2025-06-18"]
    assert result["resultType"] == "complete"
    assert result["capabilities"]["extensions"] == TASKS["extensions"]
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "darkroom"
    assert result["ttlMs"] >= 0 and result["cacheScope"] == "public"
    assert "mcp-session-id" not in said.headers
    without = await Client(studio(), modern=True).ask("server/discover")
    assert "extensions" not in without.result["capabilities"]


@pytest.mark.parametrize("method", ["ping", "tools/list", "resources/list", "prompts/list"])
@pytest.mark.parametrize("version", [None, "2025-03-26", "2025-06-18", "2025-11-25"])
async def test_a_client_of_2025_may_say_its_version_or_not(
    method: str, version: str | None
) -> None:
    headers = {"mcp-protocol-version": version} if version else {}
    assert (await Client(studio(), headers=headers).ask(method)).status == 200


@pytest.mark.parametrize("version", ["2099-01-01", "2024-11-05", "x" * 500])
async def test_a_version_that_nobody_speaks_is_refused_with_those_that_are(version: str) -> None:
    said = await Client(studio(), headers={"mcp-protocol-version": version}).ask("tools/list")
    assert (said.status, said.error["code"]) == (400, -32022)
    assert said.error["data"]["supported"] == ["2026-07-28", "2025-11-25", "2025-06-18"]


@pytest.mark.parametrize("version", ["2025-06-18", "2025-11-25", "2025-03-26"])
async def test_a_client_of_2025_may_send_headers_of_2026(version: str) -> None:
    headers = {"mcp-protocol-version": version, "mcp-method": "initialize"}
    said = await Client(studio(), headers=headers).ask("initialize", {"protocolVersion": version})
    assert said.status == 200 and "protocolVersion" in said.result


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, -32020),
        ({"mcp-protocol-version": "2026-07-28"}, -32020),
        ({"mcp-protocol-version": "2025-11-25", "mcp-method": "tools/list"}, -32020),
        ({**MODERN_HEADERS, "mcp-method": "Tools/List"}, -32020),
        ({**MODERN_HEADERS, "mcp-method": "tools/list, tools/list"}, -32020),
        ({**MODERN_HEADERS, "mcp-method": " tools/list "}, None),
    ],
)
async def test_headers_must_say_what_the_body_says(
    headers: Mapping[str, str], code: int | None
) -> None:
    meta = {VERSION: "2026-07-28", CAPABILITIES: {}}
    body = {"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {"_meta": meta}}
    said = await read(await Client(studio()).post(body, headers))
    if code is None:
        assert said.status == 200
    else:
        assert (said.status, said.error["code"], said.last["id"]) == (400, code, 7)


@pytest.mark.parametrize(
    ("name", "is_taken"),
    [
        ("list_models", True),
        (f"=?base64?{base64.b64encode(b'list_models').decode()}?=", True),
        ("=?base64?bGlzdF9tb2RlbHM?=", False),
        ("=?base64?!!!?=", False),
        ("generate_image", False),
        ("", False),
    ],
)
async def test_the_name_in_the_headers_may_be_encoded(name: str, is_taken: bool) -> None:
    client = Client(studio(), modern=True)
    reply = await client.send("tools/call", {"name": "list_models"}, headers={"mcp-name": name})
    assert (await read(reply)).status == (200 if is_taken else 400)


@pytest.mark.parametrize(
    "meta",
    [{}, {VERSION: "2026-07-28"}, {CAPABILITIES: {}}, {VERSION: "2026-07-28", CAPABILITIES: 5}],
)
async def test_a_message_of_2026_says_who_sends_it(meta: Mapping[str, Any]) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}
    said = await read(await Client(studio()).post(body, MODERN_HEADERS))
    assert (said.status, said.error["code"]) == (400, -32602)


async def test_a_version_of_2026_that_is_not_known_is_refused() -> None:
    meta = {VERSION: "2027-01-01", CAPABILITIES: {}}
    headers = {**MODERN_HEADERS, "mcp-protocol-version": "2027-01-01"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}
    said = await read(await Client(studio()).post(body, headers))
    assert (said.status, said.error["code"]) == (400, -32022)
    assert said.error["data"]["requested"] == "2027-01-01"


@pytest.mark.parametrize(
    ("modern", "method", "status"),
    [
        (False, "server/discover", 200),
        (False, "tasks/get", 200),
        (False, "logging/setLevel", 200),
        (True, "initialize", 404),
        (True, "ping", 404),
        (True, "logging/setLevel", 404),
        (True, "subscriptions/listen", 404),
        (True, "x" * 5000, 404),
    ],
)
async def test_a_method_that_is_not_there_is_said_so(
    modern: bool, method: str, status: int
) -> None:
    said = await Client(studio(), modern=modern).ask(method)
    assert (said.status, said.error["code"]) == (status, -32601)


@eras
async def test_notifications_are_taken_in_silence(modern: bool) -> None:
    for method in ("notifications/initialized", "notifications/cancelled", "anything"):
        said = await read(await Client(studio(), modern).send(method, message_id=None))
        assert (said.status, said.messages) == (202, [])


async def test_an_answer_to_nothing_is_taken_in_silence() -> None:
    said = await read(await Client(studio()).post({"jsonrpc": "2.0", "id": 3, "result": {}}))
    assert (said.status, said.messages) == (202, [])


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_there_is_no_stream_to_listen_to(method: str) -> None:
    reply = await handle(request(method, "/mcp"), studio(), lambda entry: None)
    assert reply.status == 405
    assert reply.headers["allow"].startswith("POST")
    assert (await json_of(reply))["jsonrpc"] == "2.0"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, -32700),
        (b"", 400, -32700),
        (b"\xff\xfe", 400, -32700),
        (b"[]", 400, -32600),
        ([{"jsonrpc": "2.0", "id": 1, "method": "ping"}], 400, -32600),
        ("ping", 400, -32600),
        ({}, 400, -32600),
        ({"jsonrpc": "1.0", "id": 1, "method": "ping"}, 400, -32600),
        ({"jsonrpc": "2.0", "id": 1}, 400, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": 5}, 400, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}, 400, -32600),
        (b"[" * 5000 + b"]" * 5000, 400, -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":' + b"[" * 200 + b"]" * 200 + b"}}",
         400, -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1e999}}', 400, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"a": ["x y" * 20_000] * 30}}, 413, -32600),
    ],
)  # fmt: skip
async def test_what_is_no_message_is_refused_with_the_right_number(
    body: object, status: int, code: int
) -> None:
    said = await read(await Client(studio()).post(body))
    assert (said.status, said.error["code"], said.last["id"]) == (status, code, None)


@pytest.mark.parametrize(
    "message_id", [True, 1.5, [], {}, "x" * (MAX_ID_CHARS + 1), "y" * 400_000, 10**50]
)
async def test_an_id_is_a_number_or_a_short_text(message_id: object) -> None:
    said = await read(await Client(studio()).send("ping", message_id=message_id))
    assert (said.status, said.error["code"]) == (400, -32600)


async def test_an_id_of_null_is_none() -> None:
    body = {"jsonrpc": "2.0", "id": None, "method": "ping"}
    assert (await read(await Client(studio()).post(body))).status == 400


@pytest.mark.parametrize(
    "message_id", [0, -1, 2**63, 10**39, "", "ключ", '"}],', "x" * MAX_ID_CHARS]
)
async def test_an_id_comes_back_as_it_is(message_id: object) -> None:
    for method in ("ping", "no such method"):
        said = await read(await Client(studio()).send(method, message_id=message_id))
        assert said.last["id"] == message_id


# Tools


def test_the_descriptions_of_the_tools_are_fresh() -> None:
    assert FILE.read_text("utf-8") == tools_json(), "run: make docs"


async def test_the_tools_are_listed_with_schemas_and_annotations() -> None:
    listed = (await Client(studio(), modern=True).ask("tools/list")).result
    assert [tool["name"] for tool in listed["tools"]] == [
        "generate_image", "edit_image", "upscale_image", "list_models", "get_job", "cancel_job",
        "enhance_prompt",
    ]  # fmt: skip
    for tool in listed["tools"]:
        Draft202012Validator.check_schema(tool["inputSchema"])
        Draft202012Validator.check_schema(tool["outputSchema"])
        assert {"readOnlyHint", "destructiveHint", "openWorldHint"} <= tool["annotations"].keys()
        for field in tool["inputSchema"]["properties"].values():
            assert field["description"]
    assert len(json.dumps(listed)) < 16_000, "models read all of it"


@eras
async def test_a_picture_comes_as_text_link_and_preview(modern: bool) -> None:
    said = await Client(studio(), modern, KNOWN).call("generate_image", prompt="a cat", seed=42)
    assert said.kinds == ["text", "resource_link", "image"]
    text, link, image = said.result["content"]
    for fact in ("z-image-turbo", "huggingface", "seed 42", "image/png", link["uri"]):
        assert fact in text["text"]
    assert link["uri"].startswith("https://darkroom.example/media/")
    assert base64.b64decode(image["data"]) == PNG
    assert image["annotations"]["audience"] == ["user", "assistant"]
    facts = said.result["structuredContent"]
    assert facts["images"][0]["url"] == link["uri"]
    Draft202012Validator(TOOLS["generate_image"]["outputSchema"]).validate(facts)
    assert said.result.get("resultType") == ("complete" if modern else None)


@pytest.mark.parametrize(
    ("returns", "kinds"),
    [
        ("link", ["text", "resource_link"]),
        ("preview", ["text", "resource_link", "image"]),
        ("full", ["text", "resource_link", "image"]),
    ],
)
async def test_the_caller_says_how_much_comes_back(returns: str, kinds: list[str]) -> None:
    big = photo(700)
    assert len(big) > MAX_BYTES
    gate = studio([finished(big)], converter=FakeConverter())
    said = await Client(gate).call("generate_image", prompt="a cat", **{"return": returns})
    assert said.kinds == kinds
    if returns == "preview":
        assert base64.b64decode(said.result["content"][2]["data"]) == WEBP
        assert said.result["content"][2]["mimeType"] == "image/webp"
    if returns == "full":
        assert base64.b64decode(said.result["content"][2]["data"]) == big


async def test_the_upstreams_preview_stands_in_where_none_can_be_made() -> None:
    sketch = Preview(Picture(file=ImageFile(data=BytesBlob(PNG))))
    gate = studio([Started(), sketch, finished(photo(700))])
    said = await Client(gate).call("generate_image", prompt="a cat")
    assert base64.b64decode(said.result["content"][2]["data"]) == PNG
    without = await Client(studio([finished(photo(700))])).call("generate_image", prompt="a cat")
    assert without.kinds == ["text", "resource_link"]


async def test_no_answer_is_larger_than_a_megabyte_unless_that_was_asked_for() -> None:
    gate = studio([finished(photo(260))])  # some 200 kB
    said = await Client(gate).call("generate_image", prompt="a cat", n=10)
    assert len(said.result["structuredContent"]["images"]) == 10
    assert len(json.dumps(said.last)) < 1_000_000


async def test_without_a_bucket_the_picture_is_asked_for_in_full() -> None:
    gate = studio([finished(photo(700))], media=None)
    said = await Client(gate).call("generate_image", prompt="a cat")
    assert said.kinds == ["text"]
    assert 'return: "full"' in said.text
    full = await Client(gate).call("generate_image", prompt="a cat", **{"return": "full"})
    assert full.kinds == ["text", "image"]


async def test_what_had_no_effect_is_said() -> None:
    arguments = {"prompt": "a cat", "sampler": "x", "stream": True, "negative_prompt": "dogs"}
    said = await Client(studio()).call("generate_image", **arguments)
    ignored = said.result["structuredContent"]["ignored"]
    assert {"sampler", "stream"} <= set(ignored)
    assert "Without effect here" in said.text


@pytest.mark.parametrize(
    ("tool", "arguments", "word"),
    [
        ("generate_image", {}, "prompt"),
        ("generate_image", {"prompt": "a cat", "n": 99}, "between 1 and 10"),
        ("generate_image", {"prompt": "a cat", "model": "flux-1-schnel"}, "flux-1-schnell"),
        ("generate_image", {"prompt": "a cat", "model": "zzz"}, "list_models"),
        ("generate_image", {"prompt": "a cat", "return": "all"}, "link, preview, full"),
        ("generate_image", {"prompt": "a cat", "async": "perhaps"}, "async"),
        ("generate_image", {"prompt": "a cat", "model": "bfl/flux-2-pro"}, "Authorization"),
        ("edit_image", {"prompt": "a cat"}, "image"),
        ("edit_image", {"prompt": "a cat", "image": "http://169.254.169.254/x"}, "image"),
        ("edit_image", {"prompt": "a cat", "image": "/media/nothing.png"}, "image"),
        ("edit_image", {"prompt": "a cat", "image": "darkroom://pictures/1"}, "resources/list"),
        ("upscale_image", {"image": "x", "model": "flux-1-schnell"}, "real-esrgan"),
        ("list_models", {"limit": 0}, "limit"),
        ("list_models", {"nonsense": 1}, "nonsense"),
        ("get_job", {}, "job_id"),
        ("get_job", {"job_id": "task_1"}, "no such task"),
        ("cancel_job", {"job_id": "' or 1=1"}, "no such task"),
        ("enhance_prompt", {"prompt": ""}, "prompt"),
    ],
)
async def test_wrong_arguments_are_told_to_the_model(
    tool: str, arguments: Mapping[str, Any], word: str
) -> None:
    said = await Client(studio()).call(tool, **arguments)
    assert said.status == 200
    assert said.result["isError"] is True
    assert word in said.text


async def test_a_refused_prompt_is_told_to_the_model() -> None:
    gate = studio([ContentRefused("Not this one.")])
    said = await Client(gate).call("generate_image", prompt="a cat")
    assert said.result["isError"] and "Not this one. [moderation_blocked]" in said.text


@pytest.mark.parametrize(
    "params",
    [
        {"name": "no_such_tool", "arguments": {}},
        {"name": 5},
        {},
        {"name": "list_models", "arguments": []},
        {"name": "list_models", "_meta": {"progressToken": 1.5}},
        {"name": "list_models", "_meta": {"progressToken": {"a": 1}}},
        {"name": "list_models", "_meta": {"progressToken": "x" * 1000}},
    ],
)
async def test_what_is_no_call_is_an_error_of_the_protocol(params: Mapping[str, Any]) -> None:
    assert (await Client(studio()).ask("tools/call", params)).error["code"] == -32602


@pytest.mark.parametrize("name", ["api_key", "apiKey", "Authorization", "access-token", "token"])
async def test_credentials_are_no_arguments(name: str) -> None:
    said = await Client(studio()).call("generate_image", prompt="a cat", **{name: "hf_secret"})
    assert said.result["isError"] is True
    assert "Authorization header" in said.text
    assert "hf_secret" not in json.dumps(said.last)


async def test_a_token_in_an_argument_comes_back_nowhere() -> None:
    secret = "hf_abcdefghijkl"
    for arguments in (
        {"prompt": "a cat", secret: 1},
        {"prompt": "a cat", "model": secret},
        {"prompt": "a cat", "size": secret},
        {"prompt": "a cat", "quality": secret},
        {"prompt": "a cat", "image": f"https://{secret}.example.com/x.png"},
    ):
        said = await Client(studio()).call("generate_image", **arguments)
        assert secret not in json.dumps(said.last), arguments


async def test_pictures_are_named_in_every_way() -> None:
    source, media = photo(), MemoryMedia()
    await media.put("kept.png", BytesBlob(source), "image/png")
    http = FakeHttp({"cat.png": [FakeReply(pieces=[source])]})
    provider = FakeProvider([[finished()]])
    gate = gateway(provider, http=http, media=media, history=MemoryHistory())
    client = Client(gate, headers=KNOWN)
    made = (await client.call("generate_image", prompt="a cat")).result["structuredContent"]
    encoded = f"data:image/png;base64,{base64.b64encode(source).decode()}"
    sources = [
        "https://files.example.com/cat.png",
        "/media/kept.png",
        "https://darkroom.example/media/kept.png",
        encoded,
        made["images"][0]["uri"],
        ["/media/kept.png", encoded],
    ]
    for each in sources:
        said = await client.call("edit_image", prompt="at night", image=each)
        assert "isError" not in said.result, said.text
        job = provider.calls[-1][0]
        assert job.operation == "edit"
        assert len(job.images) == (2 if isinstance(each, list) else 1)


class CountingHistory(MemoryHistory):
    """Counts what is looked up."""

    looked_up = 0

    async def find(self, scope: str, which: Which) -> HistoryItem | None:
        self.looked_up += 1
        return await super().find(scope, which)


async def test_a_list_of_thousands_of_pictures_is_refused_before_any_is_looked_up() -> None:
    history = CountingHistory()
    client = Client(studio(history=history), headers=KNOWN)
    uris = ["darkroom://pictures/1"] * 5_000
    for sources in (uris, [uris], [[each] for each in uris]):
        said = await client.call("edit_image", prompt="x", image=sources)
        assert said.result["isError"] and "at most 16" in said.text
    assert history.looked_up == 0


async def test_a_text_of_megabytes_is_refused_as_too_long() -> None:
    for tool, name in (
        ("list_models", "query"),
        ("enhance_prompt", "prompt"),
        ("get_job", "job_id"),
    ):
        said = await Client(studio()).call(tool, **{name: "x" * 3_000_000})
        assert said.result["isError"] and name in said.text
    said = await Client(studio()).call("generate_image", prompt="x", model="x" * 3_000_000)
    assert said.result["isError"] and "model" in said.text


async def test_a_picture_is_made_larger_without_words() -> None:
    provider = FakeProvider([[finished()]])
    encoded = base64.b64encode(photo()).decode()
    said = await Client(gateway(provider)).call("upscale_image", image=encoded)
    assert "isError" not in said.result, said.text
    assert provider.calls[0][0].operation == "upscale"


async def test_models_are_found_and_the_free_come_first() -> None:
    client = Client(studio())
    found = (await client.call("list_models", query="flux", limit=50)).result["structuredContent"]
    Draft202012Validator(TOOLS["list_models"]["outputSchema"]).validate(found)
    usable = [row["usable"] for row in found["models"]]
    assert usable == sorted(usable, reverse=True)
    free = (await client.call("list_models", free=True, operation="edit")).result
    assert all(
        row["free"] and "edit" in row["operations"] for row in free["structuredContent"]["models"]
    )
    assert free["structuredContent"]["total"] > 0
    nothing = await client.call("list_models", query="no such thing")
    assert nothing.result["structuredContent"] == {"total": 0, "models": []}


async def test_a_prompt_is_enhanced() -> None:
    said = {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "a cat, at dusk"}}]
    }
    http = FakeHttp({"": [FakeReply(pieces=[json.dumps(said).encode()])]})
    gate = studio(http=http)
    gate = replace(gate, engine=replace(gate.engine, http=http))
    said_of = await Client(gate).call("enhance_prompt", prompt="a cat")
    assert said_of.result["structuredContent"]["prompt"] == "a cat, at dusk"
    Draft202012Validator(TOOLS["enhance_prompt"]["outputSchema"]).validate(
        said_of.result["structuredContent"]
    )


# Progress


@eras
async def test_progress_is_told_while_it_paints(modern: bool) -> None:
    client = Client(studio(), modern)
    said = await client.call("generate_image", {"progressToken": "tok"}, prompt="a cat", n=2)
    *notices, last = said.messages
    assert said.headers["content-type"].startswith("text/event-stream")
    assert said.headers["x-accel-buffering"] == "no"
    assert {notice["params"]["progressToken"] for notice in notices} == {"tok"}
    told = [notice["params"]["progress"] for notice in notices]
    assert told == sorted(set(told)) and told[-1] < 100
    words = " ".join(notice["params"]["message"] for notice in notices)
    assert "In line, 3 ahead" in words and "step 2 of 4" in words and "Picture 2 of 2" in words
    assert last["id"] == 1 and len(last["result"]["structuredContent"]["images"]) == 2


def test_progress_grows_however_often_it_is_told() -> None:
    meter = ProgressMeter(1, 1)
    told = [
        json.loads(meter.notify("still").partition(b"data: ")[2])["params"]["progress"]
        for _ in range(3_000)
    ]
    assert all(before < after for before, after in pairwise(told))
    assert told[-1] < 100


async def test_no_progress_is_told_to_whoever_asked_for_none() -> None:
    said = await Client(studio()).call("generate_image", prompt="a cat")
    assert said.headers["content-type"] == "application/json"
    json_alone = Client(studio(), accept="application/json")
    said = await json_alone.call("generate_image", {"progressToken": 5}, prompt="a cat")
    assert len(said.messages) == 1


async def test_silence_is_filled_with_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("darkroom.dialects.mcp.runs.HEARTBEAT_S", 0.01)
    gate = studio([Started(), 0.1, finished()])
    said = await Client(gate).call("generate_image", {"progressToken": 1}, prompt="a cat")
    words = [message["params"]["message"] for message in said.messages[:-1]]
    assert any(each.startswith("Still at work") for each in words)


async def test_a_long_call_without_progress_becomes_a_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hurry_heartbeats(monkeypatch)
    said = await Client(studio([0.1, finished()])).call("generate_image", prompt="a cat")
    assert said.headers["content-type"].startswith("text/event-stream")
    assert said.kinds[0] == "text"
    late = await Client(studio([0.1, JobFailed("It broke.")])).call("generate_image", prompt="x")
    assert late.result["isError"] and "It broke." in late.text


async def test_a_failure_ends_the_stream_with_a_result() -> None:
    gate = studio([Started(), JobFailed("It broke.")])
    said = await Client(gate).call("generate_image", {"progressToken": 1}, prompt="a cat")
    assert said.result["isError"] and "It broke." in said.text
    assert len(said.messages) > 1


async def test_a_mistake_of_ours_ends_the_stream_with_an_error_for_the_call() -> None:
    gate = studio([Started(), ZeroDivisionError()])
    said = await Client(gate).call("generate_image", {"progressToken": 1}, prompt="a cat")
    assert said.last["id"] == 1
    assert "Traceback" not in json.dumps(said.last)


# Leaving and cancelling


class Endless(FakeProvider):
    """Paints until it is told to stop."""

    def __init__(self) -> None:
        super().__init__([[Started(), 600]])
        self.begun = asyncio.Event()

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        self.begun.set()
        async with aclosing(super().run(job, route, http, deadline)) as events:
            async for event in events:
                yield event


class Board(MemoryProgress):
    """Counts how often it was looked at."""

    def __init__(self) -> None:
        super().__init__(FakeClock())
        self.looks: asyncio.Queue[None] = asyncio.Queue()

    async def show(
        self, scope: str, job: str, job_progress: JobProgress, preview: Blob | None = None
    ) -> Interrupt | None:
        self.looks.put_nowait(None)
        return await super().show(scope, job, job_progress, preview)


@eras
async def test_whoever_leaves_takes_the_job_back(modern: bool) -> None:
    provider = Endless()
    client = Client(gateway(provider), modern)
    params = {"name": "generate_image", "arguments": {"prompt": "a cat"}}
    reply = await client.send("tools/call", params, meta={"progressToken": 1})
    body: Any = reply.body
    await anext(body)
    await anext(body)
    await body.aclose()
    assert provider.closed == 1


@eras
async def test_whoever_breaks_off_before_the_stream_takes_the_job_back(modern: bool) -> None:
    provider = Endless()
    client = Client(gateway(provider), modern)
    asking = asyncio.create_task(client.call("generate_image", prompt="a cat"))
    await provider.begun.wait()
    asking.cancel()
    await asyncio.wait({asking})
    assert provider.closed == 1


@pytest.mark.parametrize("meta", [None, {"progressToken": 9}])
async def test_a_client_of_2025_cancels_its_call(
    monkeypatch: pytest.MonkeyPatch, meta: Mapping[str, Any] | None
) -> None:
    monkeypatch.setattr("darkroom.dialects.mcp.cancelling.PAUSE_S", 0.01)
    monkeypatch.setattr("darkroom.dialects.mcp.runs.PAUSE_S", 0.01)
    provider, board = Endless(), Board()
    client = Client(replace(gateway(provider), progress_store=board))
    client.headers["mcp-session-id"] = "the-session-1"
    asking = asyncio.create_task(client.call("generate_image", meta, prompt="a cat"))
    await provider.begun.wait()
    await board.looks.get()
    stranger = Client(client.gate, headers={"mcp-session-id": "the-session-2"})
    for other, called in ((stranger, 1), (client, "1"), (client, 2), (client, None)):
        await other.send("notifications/cancelled", {"requestId": called}, message_id=None)
    for _ in range(3 + board.looks.qsize()):
        await board.looks.get()
    assert provider.closed == 0
    await client.send("notifications/cancelled", {"requestId": 1}, message_id=None)
    said = await asking
    assert provider.closed == 1
    assert said.result["isError"] and "cancelled" in said.text


@pytest.mark.parametrize("session", ["x", "a b c d e f g h", "x" * 500, "'; drop table"])
async def test_a_session_that_cannot_be_is_not_found(session: str) -> None:
    said = await Client(studio(), headers={"mcp-session-id": session}).ask("ping")
    assert said.status == 404


async def test_sessions_mean_nothing_in_2026() -> None:
    said = await Client(studio(), True, {"mcp-session-id": "x"}).ask("tools/list")
    assert said.status == 200


# Jobs and tasks


async def test_a_job_is_begun_asked_after_and_done() -> None:
    gate, tasks = with_background(studio(), awake=False)
    client = Client(gate)
    begun = await client.call("generate_image", prompt="a cat", **{"async": True})
    job = begun.result["structuredContent"]["job"]
    assert job["status"] == "queued"
    waiting = await client.call("get_job", job_id=job["job_id"])
    assert waiting.result["structuredContent"]["job"]["status"] == "queued"
    await tasks.wake(job["job_id"].removeprefix("task_"))
    done = await client.call("get_job", job_id=job["job_id"])
    facts = done.result["structuredContent"]
    Draft202012Validator(TOOLS["get_job"]["outputSchema"]).validate(facts)
    assert facts["job"]["status"] == "completed"
    assert facts["images"][0]["url"] in done.text
    assert done.kinds == ["text", "text", "resource_link", "image"]


async def test_a_job_is_taken_back() -> None:
    gate, _ = with_background(studio(), awake=False)
    client = Client(gate)
    begun = await client.call("generate_image", prompt="a cat", **{"async": True})
    job_id = begun.result["structuredContent"]["job"]["job_id"]
    gone = await client.call("cancel_job", job_id=job_id)
    assert gone.result["structuredContent"]["job"]["status"] == "cancelled"


async def test_a_job_that_came_to_nothing_says_why() -> None:
    gate, tasks = with_background(studio([ContentRefused("Not this one.")]), awake=False)
    client = Client(gate)
    begun = await client.call("generate_image", prompt="a cat", **{"async": True})
    job_id = begun.result["structuredContent"]["job"]["job_id"]
    await tasks.wake(job_id.removeprefix("task_"))
    said = await client.call("get_job", job_id=job_id)
    assert said.result["isError"] and "Not this one." in said.text


async def test_without_background_work_async_is_refused_in_words() -> None:
    said = await Client(studio()).call("generate_image", prompt="a cat", **{"async": True})
    assert said.result["isError"] and "async" in said.text


async def test_a_client_that_takes_tasks_is_given_one() -> None:
    gate, tasks = with_background(studio(), awake=False)
    client = Client(gate, True, capabilities=TASKS)
    made = (await client.call("generate_image", prompt="a cat")).result
    assert made["resultType"] == "task" and made["status"] == "working"
    assert made["ttlMs"] is None and made["pollIntervalMs"] > 0
    name = {"taskId": made["taskId"]}
    assert (await client.ask("tasks/get", name)).result["status"] == "working"
    assert set((await client.ask("tasks/update", {**name, "inputResponses": {}})).result) == {
        "resultType", "_meta",
    }  # fmt: skip
    await tasks.wake(made["taskId"].removeprefix("task_"))
    done = (await client.ask("tasks/get", name)).result
    assert (done["resultType"], done["status"]) == ("complete", "completed")
    assert done["result"]["content"][1]["type"] == "resource_link"
    assert done["ttlMs"] > 0
    assert (await client.ask("tasks/cancel", name)).result["resultType"] == "complete"
    assert (await client.ask("tasks/get", name)).result["status"] == "completed"


async def test_a_task_is_taken_back() -> None:
    gate, _ = with_background(studio(), awake=False)
    client = Client(gate, True, capabilities=TASKS)
    name = {"taskId": (await client.call("generate_image", prompt="a cat")).result["taskId"]}
    await client.ask("tasks/cancel", name)
    assert (await client.ask("tasks/get", name)).result["status"] == "cancelled"


async def test_mistakes_are_told_before_a_task_is_made() -> None:
    gate, tasks = with_background(studio(), awake=False)
    said = await Client(gate, True, capabilities=TASKS).call("generate_image", prompt="", n=50)
    assert said.result["isError"] and said.result["resultType"] == "complete"
    assert tasks.created == []


async def test_progress_is_worth_more_than_a_task_to_whoever_asks_for_it() -> None:
    gate, tasks = with_background(studio(), awake=False)
    client = Client(gate, True, capabilities=TASKS)
    said = await client.call("generate_image", {"progressToken": 1}, prompt="a cat")
    assert said.kinds[0] == "text" and tasks.created == []


async def test_a_client_that_takes_no_tasks_is_given_none() -> None:
    gate, tasks = with_background(studio(), awake=False)
    client = Client(gate, True)
    assert (await client.call("generate_image", prompt="a cat")).kinds[0] == "text"
    assert tasks.created == []
    for method in ("tasks/get", "tasks/update", "tasks/cancel"):
        said = await client.ask(method, {"taskId": "task_1"})
        assert (said.status, said.error["code"]) == (400, -32021)
        assert said.error["data"]["requiredCapabilities"] == TASKS


@pytest.mark.parametrize("task_id", ["task_1", "x" * 5000, "00000000-0000-4000-8000-000000000009"])
async def test_a_task_that_is_not_there_is_an_error_of_the_protocol(task_id: str) -> None:
    gate, _ = with_background(studio(), awake=False)
    client = Client(gate, True, capabilities=TASKS)
    for method in ("tasks/get", "tasks/update", "tasks/cancel"):
        said = await client.ask(method, {"taskId": task_id})
        assert (said.status, said.error["code"]) == (400, -32602)


async def test_a_job_of_another_api_is_no_task_here_but_is_told_of() -> None:
    gate, tasks = with_background(studio(), awake=False)
    body = {"prompt": "a cat", "async": True}
    made = await handle(request("POST", "/v1/images/generations", body), gate, lambda entry: None)
    task_id = (await json_of(made))["id"]
    await tasks.wake(task_id.removeprefix("task_"))
    client = Client(gate, True, capabilities=TASKS)
    assert (await client.ask("tasks/get", {"taskId": task_id})).error["code"] == -32602
    said = await client.call("get_job", job_id=task_id)
    assert f"/v1/tasks/{task_id}" in said.text


async def test_a_call_with_an_idempotency_key_is_painted_once() -> None:
    provider = FakeProvider([[finished()]])
    gate, _ = with_background(gateway(provider, media=MemoryMedia()))
    for modern in (False, True):
        client = Client(gate, modern, {**KNOWN, "idempotency-key": f"key-{modern}"})
        first, second = [await client.call("generate_image", prompt="a cat") for _ in range(2)]
        assert first.result == second.result
        assert first.kinds == ["text", "resource_link", "image"]
        assert first.result.get("resultType") == ("complete" if modern else None)
        assert second.headers["idempotency-replayed"] == "true"
    assert len(provider.calls) == 2


# Resources and prompts


async def test_a_callers_pictures_are_resources_and_nobody_elses() -> None:
    gate = studio()
    mine, other, nobody = Client(gate, headers=KNOWN), Client(gate, headers=OTHER), Client(gate)
    await mine.call("generate_image", prompt="a cat")
    listed = (await mine.ask("resources/list")).result["resources"]
    assert [each["uri"].partition("//")[2].partition("/")[0] for each in listed] == [
        "models", "pictures",
    ]  # fmt: skip
    uri = listed[1]["uri"]
    (content,) = (await mine.ask("resources/read", {"uri": uri})).result["contents"]
    assert base64.b64decode(content["blob"]) == PNG
    assert content["mimeType"] == "image/png"
    for stranger in (other, nobody):
        assert len((await stranger.ask("resources/list")).result["resources"]) == 1
        said = await stranger.ask("resources/read", {"uri": uri})
        assert said.error["code"] == -32602
        edited = await stranger.call("edit_image", prompt="x", image=uri)
        assert edited.result["isError"]


async def test_pictures_are_listed_in_pages() -> None:
    gate = studio([finished()])
    client = Client(gate, headers=KNOWN)
    for _ in range(6):
        await client.call("generate_image", prompt="a cat", n=10)
    first = (await client.ask("resources/list")).result
    assert len(first["resources"]) == 51
    await client.call("generate_image", prompt="a cat")
    rest = (await client.ask("resources/list", {"cursor": first["nextCursor"]})).result
    assert len(rest["resources"]) == 10 and "nextCursor" not in rest
    uris = [each["uri"] for page in (first, rest) for each in page["resources"]]
    assert len(set(uris)) == 61
    for cursor in (5, "x", "1.2.3", "-1.0", ""):
        said = await client.ask("resources/list", {"cursor": cursor})
        assert said.error["code"] == -32602


@pytest.mark.parametrize(
    "uri",
    [
        "test://nothing", "darkroom://pictures/", "darkroom://pictures/../1", "file:///etc/passwd",
        "https://darkroom.example/media/../health", "https://darkroom.example/health",
        "https://evil.example/media/kept.png", "http://169.254.169.254/media/kept.png",
        "darkroom://pictures/99999999999999999999", "darkroom://pictures/9999999999999999", "https://darkroom.example/media/vl%2Fx", "x" * 5000,
        "https://user@darkroom.example/media/kept.png",
    ],
)  # fmt: skip
@eras
async def test_what_is_no_resource_is_not_found(uri: str, modern: bool) -> None:
    media, http = MemoryMedia(), FakeHttp({})
    await media.put("kept.png", BytesBlob(PNG), "image/png")
    said = await Client(studio(media=media, http=http), modern, KNOWN).ask(
        "resources/read", {"uri": uri}
    )
    assert said.error["code"] == -32602
    assert said.status == (400 if modern else 200)
    assert http.sent == []


async def test_a_kept_picture_and_the_models_are_read() -> None:
    media = MemoryMedia()
    await media.put("kept.png", BytesBlob(PNG), "image/png")
    client = Client(studio(media=media), modern=True)
    said = await client.ask("resources/read", {"uri": "https://darkroom.example/media/kept.png"})
    assert said.result["contents"][0]["mimeType"] == "image/png"
    assert said.result["cacheScope"] == "private"
    (models,) = (await client.ask("resources/read", {"uri": "darkroom://models"})).result[
        "contents"
    ]
    assert len(json.loads(models["text"])) > 30
    templates = (await client.ask("resources/templates/list")).result["resourceTemplates"]
    assert len(templates) == 2


async def test_what_is_kept_but_is_no_picture_is_not_read() -> None:
    media = MemoryMedia()
    await media.put("kept.json", BytesBlob(b'{"until": 1}'), "application/json")
    uri = "https://darkroom.example/media/kept.json"
    said = await Client(studio(media=media)).ask("resources/read", {"uri": uri})
    assert said.error["code"] == -32602


async def test_a_history_that_does_not_answer_is_an_error_with_the_calls_id() -> None:
    client = Client(studio(history=MemoryHistory(broken=True)), headers=KNOWN)
    said = await client.ask("resources/list")
    assert (said.status, said.error["code"], said.last["id"]) == (200, -32603, 1)


async def test_templates_are_prompts() -> None:
    client = Client(studio(), modern=True)
    prompts = (await client.ask("prompts/list")).result["prompts"]
    assert len(prompts) >= 5
    for prompt in prompts:
        params = {"name": prompt["name"], "arguments": {"subject": "a {style} fox"}}
        (message,) = (await client.ask("prompts/get", params)).result["messages"]
        assert "a {style} fox" in message["content"]["text"]
    for params in (
        {"name": "nothing"},
        {"name": prompts[0]["name"]},
        {"name": prompts[0]["name"], "arguments": {"subject": "x" * 10_000}},
        {"name": prompts[0]["name"], "arguments": {"subject": 5}},
    ):
        assert (await client.ask("prompts/get", params)).error["code"] == -32602


# Access


async def _from(origin: str | None, url: str = "https://darkroom.example", **parts: Any) -> Reply:
    headers = {"content-type": "application/json", **({"origin": origin} if origin else {})}
    asked = request("POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "ping"}, headers)
    return await handle(replace(asked, url=f"{url}/mcp"), gateway(**parts), lambda entry: None)


@pytest.mark.parametrize(
    ("origin", "url", "status"),
    [
        (None, "https://darkroom.example", 200),
        ("https://darkroom.example", "https://darkroom.example", 200),
        ("https://darkroom.example", "http://darkroom.example", 200),  # a proxy speaks TLS
        ("https://friend.example", "https://darkroom.example", 200),
        ("https://evil.example", "https://darkroom.example", 403),
        ("null", "https://darkroom.example", 403),
        ("https://darkroom.example.evil", "https://darkroom.example", 403),
        ("http://evil.example", "http://evil.example", 403),  # DNS rebinding
        ("http://evil.example:8787", "http://evil.example:8787", 403),
        ("http://localhost.evil.example:8787", "http://localhost.evil.example:8787", 403),
        ("http://localhost:6274", "http://127.0.0.1:8787", 200),
        ("http://localhost:8787", "http://localhost:8787", 200),
        ("http://localhost:6274", "https://darkroom.example", 403),
        ("http://pictures.example", "http://pictures.example", 200),
    ],
)
async def test_pages_of_other_origins_are_refused(
    origin: str | None, url: str, status: int
) -> None:
    settings = Settings(
        allowed_origins=("https://friend.example",), public_url="https://pictures.example"
    )
    reply = await _from(origin, url, settings=settings)
    assert reply.status == status
    if status == 403:
        assert (await json_of(reply))["error"]["code"] == -32600
        assert "access-control-allow-origin" not in reply.headers


async def test_a_page_of_another_site_without_an_origin_is_refused() -> None:
    headers = {"sec-fetch-site": "cross-site"}
    assert (await Client(studio(), headers=headers).ask("ping")).status == 403


async def test_a_credential_does_not_open_it_to_other_pages() -> None:
    headers = {**KNOWN, "origin": "https://evil.example"}
    assert (await Client(studio(), headers=headers).ask("ping")).status == 403


async def test_an_unknown_gateway_key_is_refused_with_where_to_read_more() -> None:
    said = await Client(studio(), headers={"authorization": "Bearer dk_nobody"}).ask("ping")
    assert said.status == 401
    assert (
        'resource_metadata="https://darkroom.example/.well-known/oauth-protected-resource/mcp"'
        in said.headers["www-authenticate"]
    )
    assert "dk_nobody" not in json.dumps(said.last)


@pytest.mark.parametrize("tail", ["", "/mcp"])
async def test_the_metadata_names_no_server_that_is_not_there(tail: str) -> None:
    path = f"/.well-known/oauth-protected-resource{tail}"
    reply = await handle(request("GET", path), studio(), lambda entry: None)
    told = await json_of(reply)
    assert reply.status == 200
    assert told["resource"] == "https://darkroom.example/mcp"
    assert "authorization_servers" not in told


async def test_a_token_opens_what_it_is_for_and_others_are_left_aside() -> None:
    provider = FakeProvider([[finished()]])
    headers = {"authorization": "Bearer gitee:one,hf:hf_two"}
    said = await Client(gateway(provider), headers=headers).call(
        "generate_image", prompt="a cat", model="z-image-turbo"
    )
    assert "isError" not in said.result, said.text
    assert provider.calls[0][1].token is not None
