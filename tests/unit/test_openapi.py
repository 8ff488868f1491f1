"""The OpenAPI document: valid, whole, and true of what the gateway answers."""

import asyncio
import json
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator, OpenAPIV32SpecValidator

from api import asset
from api.operation import FORM, IMAGE
from api.paths import PATHS
from api.schemas.openai_requests import FIELDS
from darkroom.app import ENDPOINTS, handle
from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.channels import configure
from darkroom.errors import (
    ContentRefused,
    Failure,
    JobLost,
    QuotaExhausted,
    UpstreamUnavailable,
)
from darkroom.events import Finished, Picture, Preview, Progress, Queued, Started
from darkroom.gateway import Gateway
from darkroom.generation.parameters import SPELLINGS, ImageBody
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.png import Colours, Header, write_png
from darkroom.settings import Secret, Settings
from darkroom.tasks.errors import NoBackground
from tests.support.background import with_background
from tests.support.bodies import valid
from tests.support.contract import CONTRACT, ITEM_SCHEMA, contents_of, references
from tests.support.fakes import (
    PNG,
    FakeHttp,
    FakeProvider,
    FakeReply,
    MemoryHistory,
    MemoryMedia,
    Script,
    engine,
    failure,
    gateway,
    json_of,
    request,
)

CATALOG = load_catalog()
GENERATIONS, CHAT = "/v1/images/generations", "/v1/chat/completions"
PHOTO = write_png(Header(8, 8, 8, Colours.GREY), zlib.compress(bytes(9 * 8)))
USAGE = {
    "total_tokens": 3,
    "input_tokens": 1,
    "output_tokens": 2,
    "input_tokens_details": {"text_tokens": 1, "image_tokens": 0},
}
HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42, usage=USAGE)
PAINTED: Script = [
    Queued(1, 2, 3.0),
    Started(),
    Progress(1, 4, 0.25, "Denoising"),
    Preview(Picture(file=ImageFile(data=BytesBlob(PNG)))),
    HELD,
]
ENCODING = configure(CATALOG, {"HIDDEN_STATES_URL": "https://states.example"}).catalog
SEER = "pollinations/openai"
SAID = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "a cat, at dusk"}}]}
BODIES = [
    (method.upper(), path, operation["requestBody"]["content"]["application/json"])
    for path, methods in CONTRACT.document["paths"].items()
    for method, operation in methods.items()
    if "application/json" in operation.get("requestBody", {}).get("content", {})
]


def whole(*scripts: Script, **parts: Any) -> Gateway:
    """A gateway all of whose providers paint by the same scripts, or talk."""
    http = FakeHttp(
        {
            "photo.png": [FakeReply(pieces=[PHOTO])],
            "/v1/hidden_states": [FakeReply(pieces=[b'{"hidden_states": [[0.5, 1]]}'])],
            "": [FakeReply(pieces=[json.dumps(SAID).encode()])],
        }
    )
    painter = FakeProvider(list(scripts) or [PAINTED])
    providers = dict.fromkeys((row.protocol or row.id for row in CATALOG.providers), painter)
    settings = Settings(public_providers=("hidden-states",), default_vision_model=SEER)
    parts = {"settings": settings, "catalog": CATALOG, **parts}
    gate = gateway(http=http, **parts)
    return with_background(replace(gate, http=http, engine=engine(providers, http)))[0]


def resolved(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference leads to, or the value itself where it is none."""
    found: Mapping[str, Any] = CONTRACT.component(value["$ref"]) if "$ref" in value else value
    return found


async def ask(
    gate: Gateway,
    method: str,
    path: str,
    body: object = None,
    *,
    token: str | None = None,
    sent: Mapping[str, str] | None = None,
) -> Reply:
    """A reply that was held to the document, read once."""
    headers = {"cf-connecting-ip": "203.0.113.7", **(sent or {})}
    headers |= {"authorization": f"Bearer {token}"} if token else {}
    reply = await handle(request(method, path, body, headers), gate, lambda entry: None)
    return await CONTRACT.hold(method, path, reply)


def test_the_document_is_valid() -> None:
    assert list(OpenAPIV31SpecValidator(CONTRACT.document).iter_errors()) == []


def test_every_route_is_in_it() -> None:
    documented = {
        (method.upper(), path)
        for path, methods in CONTRACT.document["paths"].items()
        for method in methods
    }
    routes = {
        (method, path.path + operation.tail)
        for path in PATHS
        for method, operation in path.operations.items()
    }
    assert documented == routes
    assert ("GET", "/v1/models/{model}") in documented


def test_the_operations_are_those_of_the_routes() -> None:
    routes = {
        (method, endpoint.path, endpoint.verb): route
        for endpoint in ENDPOINTS
        for method, route in endpoint.routes.items()
    }
    operations = {
        (method, path.path, path.verb): operation
        for path in PATHS
        for method, operation in path.operations.items()
    }
    assert operations.keys() == routes.keys()
    for key, operation in operations.items():
        route = routes[key]
        assert route.takes_form == (FORM in operation.request_body), key
        assert route.takes_file == (IMAGE in operation.request_body), key
        assert (route.task_shape is not None) == (NoBackground in operation.failures), key
        assert (route.task_shape is not None) == any(
            each.status == 202 and each.content for each in operation.responses
        )
        assert operation.tail.endswith(key[2]), key


def test_a_path_that_goes_on_is_documented_with_its_tail() -> None:
    for path in PATHS:
        for operation in path.operations.values():
            assert bool(operation.tail) == path.path.endswith("/")


def test_every_reference_leads_somewhere_and_every_component_is_used() -> None:
    used = set(references(CONTRACT.document))
    for reference in used:
        CONTRACT.component(reference)
    components = CONTRACT.document["components"]
    for kind in ("schemas", "responses", "parameters", "headers"):
        assert {f"#/components/{kind}/{name}" for name in components[kind]} == used & {
            reference for reference in used if reference.startswith(f"#/components/{kind}/")
        }


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [each.operation_id for path in PATHS for each in path.operations.values()]
    assert len(set(names)) == len(names)


def test_every_field_of_a_body_is_explained() -> None:
    for _, path, content in BODIES:
        for name, field in CONTRACT.merged(content["schema"])["properties"].items():
            assert resolved(field).get("description"), f"{path}: {name}"
    assert set(FIELDS) == set(ImageBody.model_fields)


def test_a_servers_bodies_are_reported_as_they_are_read() -> None:
    painting, changing = (
        CONTRACT.merged(content["schema"])
        for name in ("txt2img", "img2img")
        for _, path, content in BODIES
        if path == f"/sdapi/v1/{name}"
    )
    assert "prompt-styles" in resolved(painting["properties"]["styles"])["description"]
    assert changing["required"] == ["init_images"]
    added = changing["properties"].keys() - painting["properties"].keys()
    assert added == {"init_images", "mask"}


def test_every_other_spelling_of_a_field_is_named() -> None:
    fields = CONTRACT.merged({"$ref": "#/components/schemas/GenerationBody"})["properties"]
    for spelling, name in SPELLINGS.items():
        assert f"`{spelling}`" in resolved(fields[name])["description"]


@pytest.mark.parametrize("field", ["n"])
async def test_a_limit_that_is_named_is_kept(field: str) -> None:
    fields = CONTRACT.merged({"$ref": "#/components/schemas/GenerationBody"})["properties"]
    limits = resolved(fields[field])
    low, high = limits["minimum"], limits["maximum"]
    for value, status in ((low, 200), (high, 200), (low - 1, 400), (high + 1, 400)):
        reply = await ask(whole(), "POST", GENERATIONS, {"prompt": "a cat", field: value})
        assert reply.status == status


def test_the_prefix_of_every_provider_is_reported() -> None:
    scheme = CONTRACT.document["components"]["securitySchemes"]["token"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    for row in CATALOG.providers:
        assert f"`{row.token_prefix}:` {row.name}" in scheme["description"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param(method, path, example["value"], id=f"{path}: {title}")
        for method, path, content in BODIES
        for title, example in content.get("examples", {}).items()
    ],
)
async def test_every_example_works(method: str, path: str, body: Mapping[str, Any]) -> None:
    schema = next(content["schema"] for m, p, content in BODIES if (m, p) == (method, path))
    CONTRACT.validator(schema, closed=False).validate(body)
    reply = await ask(whole(catalog=ENCODING, media=MemoryMedia()), method, path, body)
    assert reply.status == 200


def test_the_server_is_where_the_document_came_from() -> None:
    assert CONTRACT.document["servers"] == [{"url": "/"}]


async def test_the_worker_builds_no_document() -> None:
    answered = await handle(request("GET", "/openapi.json"), whole(), lambda entry: None)
    assert answered.status == 404


def test_a_stream_is_described_by_its_events() -> None:
    """In OpenAPI 3.1 `schema` is the whole body's, which is no JSON: tools that read it as each
    event's, or as the data's, would find none that fits (api/responses.py says more)."""
    streams = [
        content["text/event-stream"]
        for methods in CONTRACT.document["paths"].values()
        for operation in methods.values()
        for response in operation["responses"].values()
        if "text/event-stream" in (content := resolved(response).get("content", {}))
    ]
    assert len(streams) > 5
    for stream in streams:
        assert "schema" not in stream
        data = stream[ITEM_SCHEMA]["properties"]["data"]
        assert data["type"] == "string"
        contents_of(data)


def test_streams_are_described_as_openapi_3_2_does_it() -> None:
    text = asset.PATH.read_text("utf-8").replace(f'"{ITEM_SCHEMA}"', '"itemSchema"')
    document = {**json.loads(text), "openapi": "3.2.0"}
    assert list(OpenAPIV32SpecValidator(document).iter_errors()) == []


def test_the_data_of_a_stream_event_refers_to_named_schemas() -> None:
    response = resolved(CONTRACT.response("post", GENERATIONS, "200"))
    data = response["content"]["text/event-stream"][ITEM_SCHEMA]["properties"]["data"]
    sentinel, contents = contents_of(data)
    assert sentinel is None
    assert {"$ref": "#/components/schemas/ProgressEvent"} in contents["anyOf"]


def test_the_end_of_a_chat_is_described_as_no_json() -> None:
    response = resolved(CONTRACT.response("post", CHAT, "200"))
    data = response["content"]["text/event-stream"][ITEM_SCHEMA]["properties"]["data"]
    assert contents_of(data)[0] == "[DONE]"


def test_no_response_and_no_parameter_is_said_twice() -> None:
    said = [
        json.dumps(value)
        for methods in CONTRACT.document["paths"].values()
        for operation in methods.values()
        for value in (*operation["responses"].values(), *operation.get("parameters", []))
        if "$ref" not in value
    ]
    assert [text for text in set(said) if said.count(text) > 1 and len(text) > 180] == []


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"response_format": "b64_json", "quality": "hd", "surprise": 1},
        {"stream": True},
        {"stream": True, "response_format": "url", "partial_images": 1, "style": "vivid"},
        {"enhance": True},
        {"enhance": True, "stream": True},
        {"n": 3, "model": ["gitee/FLUX.2-dev", "flux-1-schnell"]},
    ],
    ids=str,
)
async def test_pictures_are_answered_as_documented(fields: dict[str, Any]) -> None:
    gate = whole(media=MemoryMedia())
    body = {"model": "z-image-turbo", "prompt": "a cat", **fields}
    assert (await ask(gate, "POST", GENERATIONS, body)).status == 200


async def test_a_prompt_that_could_not_be_improved_is_reported_as_documented() -> None:
    gate = gateway(FakeProvider([[HELD]]))
    for stream in (False, True):
        body = {"prompt": "a cat", "enhance": True, "stream": stream}
        assert (await ask(gate, "POST", GENERATIONS, body)).status == 200


@pytest.mark.parametrize(
    "kind", [ContentRefused, QuotaExhausted, UpstreamUnavailable, JobLost], ids=str
)
@pytest.mark.parametrize("stream", [True, False])
async def test_failures_are_answered_as_documented(kind: type[Failure], stream: bool) -> None:
    details: dict[str, Any] = {"retry_after_s": 9.0} if kind is QuotaExhausted else {}
    body = {"prompt": "a cat", "stream": stream, "model": "z-image-turbo"}
    refused = whole([failure(kind, **details)])
    assert (await ask(refused, "POST", GENERATIONS, body)).status == kind.status
    broken = whole([Started(), failure(kind, **details)], [HELD])
    await ask(broken, "POST", GENERATIONS, {**body, "n": 2, "model": "z-image"})


async def test_a_mistake_of_our_own_is_answered_as_documented() -> None:
    gate = whole([RuntimeError("oops")])
    assert (await ask(gate, "POST", GENERATIONS, {"prompt": "a cat"})).status == 500


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("model", ["flux-1-schnell", "pollinations/openai-fast"])
async def test_conversations_are_answered_as_documented(model: str, stream: bool) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": "a cat"}], "stream": stream}
    assert (await ask(whole(), "POST", CHAT, {**body, "seed": 1, "n": 2})).status == 200


@pytest.mark.parametrize(
    "sent",
    [
        {"authorization": "Bearer gitee:ö"},
        {"authorization": "Bearer dk_nobodys-key-at-all-0000000000000000"},
        {"authorization": "Basic !"},
        {"content-type": "text/plain"},
        {"content-type": "application/xml", "origin": "https://evil.example"},
        {"idempotency-key": ""},
    ],
    ids=str,
)
@pytest.mark.parametrize("body", [{}, {"model": "nonsense"}, b"[", b""], ids=str)
async def test_mistakes_are_answered_as_documented(sent: Mapping[str, str], body: object) -> None:
    gate = whole(media=MemoryMedia(), history=MemoryHistory())
    for path in PATHS:
        target = f"{path.path}x{path.verb}" if path.path.endswith("/") else path.path
        for method in path.operations:
            await ask(gate, method, target, body if method == "POST" else None, sent=sent)


async def test_a_mistake_inside_a_list_is_answered_as_documented() -> None:
    body = {"prompt": "a cat", "styles": [["Cinematic"]]}
    reply = await ask(whole(), "POST", "/v2/automatic1111/sdapi/v1/txt2img", body)
    assert (await json_of(reply))["detail"][0]["loc"] == ["body", "styles", 0]


async def test_every_model_is_listed_and_described_as_documented() -> None:
    listed = await json_of(await ask(whole(), "GET", "/v1/models?type="))
    for row in listed["data"]:
        path = f"/v1/models/{row['id']}"
        reply = await ask(whole(), "GET", path)
        assert await json_of(reply) == row
    assert (await ask(whole(), "GET", "/v1/models?type=nonsense")).status == 400
    missing = await ask(whole(), "GET", "/v1/models/none")
    assert missing.status == 404


async def test_the_state_of_providers_is_answered_as_documented() -> None:
    quota = {"base": 1500, "current": 20.5, "resetsAt": "2026-11-01T00:00:00Z"}
    gate = gateway(http=FakeHttp({"/quota": [FakeReply(pieces=[json.dumps(quota).encode()])]}))
    breaker = gate.engine.breakers.of("huggingface", "z-image-turbo")
    for _ in range(9):
        breaker.count_failure()
    assert (await ask(gate, "GET", "/v1/providers", token="hf:hf_good")).status == 200
    checked = await ask(gate, "GET", "/v1/providers?check=hf", token="hf:hf_good")
    assert checked.status == 200
    assert (await ask(gate, "GET", "/v1/providers?check=nobody")).status == 400
    tried = whole([failure(QuotaExhausted, retry_after_s=60.0)])
    await ask(tried, "POST", GENERATIONS, {"prompt": "a"}, token="hf:hf_good")
    assert (await ask(tried, "GET", "/v1/providers", token="hf:hf_good")).status == 200
    assert (await ask(gate, "GET", "/health")).status == 200
    assert (await ask(gate, "GET", "/v1/providers", token="gitee:ö")).status == 400


async def test_tasks_are_answered_as_documented() -> None:
    gate = whole(settings=Settings(webhook_secret=Secret("whsec_" + "a" * 32)))
    ends = []
    for fields in ({}, {"n": 2}, {"model": "z-image"}):
        body = {"prompt": "a cat", "model": "flux-1-schnell", **fields, "async": True}
        accepted = await ask(gate, "POST", GENERATIONS, body, token="hf:hf_good")
        assert accepted.status == 202
        ends.append(accepted.headers["location"])
    for method in ("GET", "DELETE"):
        for location in [*ends, "/v1/tasks/none", f"{ends[0]}?wait=soon", f"{ends[0]}?wait=3"]:
            for version in ("v1", "v2"):
                path = location.replace("v1", version)
                await ask(gate, method, path)


async def test_a_task_that_failed_is_reported_as_documented() -> None:
    gate = whole([failure(ContentRefused)])
    accepted = await ask(gate, "POST", GENERATIONS, {"prompt": "a cat", "async": True})
    for version in ("v1", "v2"):
        path = accepted.headers["location"].replace("v1", version) + "?wait=5"
        reply = await ask(gate, "GET", path)
        assert (await json_of(reply))["status"] == "failed"


async def test_kept_pictures_are_answered_as_documented() -> None:
    gate = whole(media=MemoryMedia())
    painted = await json_of(await ask(gate, "POST", GENERATIONS, {"prompt": "a cat"}))
    path = painted["data"][0]["url"].removeprefix("https://darkroom.example")
    assert (await ask(gate, "GET", path)).status == 200
    assert (await ask(gate, "GET", "/media/no.png")).status == 404


async def test_histories_are_answered_as_documented() -> None:
    gate = whole(media=MemoryMedia(), history=MemoryHistory())
    token = "hf:hf_good"
    for _ in range(2):
        assert (await ask(gate, "POST", GENERATIONS, {"prompt": "a"}, token=token)).status == 200
    for path in ("/api/history", "/api/history?inline=0"):
        listed = await json_of(await ask(gate, "GET", path, token=token))
        assert len(listed["history"]) == 2
    for method in ("GET", "DELETE"):
        reply = await ask(gate, method, "/api/history/1", token=token)
        assert reply.status == 200
        reply = await ask(gate, method, "/api/history/1", token=token)
        assert reply.status == (200 if method == "GET" else 404)
        reply = await ask(gate, method, "/api/history/first", token=token)
        assert reply.status == 422
        assert (await ask(gate, method, "/api/history")).status == 200
    assert (await ask(gate, "DELETE", "/api/history", token=token)).status == 200
    broken = whole(history=MemoryHistory(broken=True))
    assert (await ask(broken, "GET", "/api/history", token=token)).status == 503


@pytest.mark.parametrize(
    ("path", "reference"),
    [pytest.param(path, content["schema"]["$ref"], id=path) for _, path, content in BODIES],
)
@given(data=st.data())
def test_a_valid_body_is_never_our_mistake_and_its_answer_is_documented(
    path: str, reference: str, data: st.DataObject
) -> None:
    body = data.draw(valid(CONTRACT, reference, CATALOG), label="body")
    token = data.draw(
        st.sampled_from([None, "good-token", "hf:hf_good", "gitee:good"]), label="token"
    )
    assert list(CONTRACT.validator({"$ref": reference}, closed=False).iter_errors(body)) == []
    gate = whole(catalog=ENCODING, media=MemoryMedia())
    reply = asyncio.run(ask(gate, "POST", path, body, token=token))
    event(f"answered {reply.status}")
    assert reply.status < 500
