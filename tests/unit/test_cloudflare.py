"""Cloudflare's models: what is sent, what comes back, what is given, by the binding and by REST."""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from darkroom.access import identify
from darkroom.ai_binding import BINDING, FREE_BINDING
from darkroom.ai_settings import AiSettings
from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import Catalog, load_catalog
from darkroom.catalog.channels import configure
from darkroom.catalog.neurons import NeuronPrice
from darkroom.deadline import Deadline
from darkroom.engine.breaker import Breakers
from darkroom.engine.budget import RetryBudget
from darkroom.engine.credentials import Credentials, next_midnight, rest_after
from darkroom.engine.plan import plan_steps
from darkroom.engine.run import Engine
from darkroom.errors import (
    ContentRefused,
    CredentialRefused,
    Failure,
    FreeAllowanceUsed,
    InvalidRequest,
    Misconfigured,
    QueueFull,
    QuotaExhausted,
    UpstreamRefused,
    UpstreamSilent,
    UpstreamUnavailable,
)
from darkroom.gateway import Gateway
from darkroom.gateway_key import GatewayKey
from darkroom.http import Part
from darkroom.image import ImageFile
from darkroom.job import Operation, Size
from darkroom.masks import Convention, Mask
from darkroom.multipart import read_form
from darkroom.png import Colours, Header, write_png
from darkroom.providers.cloudflare import Cloudflare
from darkroom.providers.cloudflare_client import CloudflareClient
from darkroom.providers.cloudflare_errors import map_cloudflare_error
from darkroom.providers.error_mapping import UpstreamError
from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.provider import Route
from darkroom.providers.registry import Bindings, build_chat, build_providers
from darkroom.settings import Secret, Settings
from darkroom.stores.budget import Answer, MemoryBudget, Reservation
from darkroom.stores.neurons import NeuronAllowance
from darkroom.stores.unavailable import StoreUnavailable
from local.upstreams.apis.body import Form, Upload
from local.upstreams.apis.cloudflare.models import check
from local.upstreams.apis.cloudflare.models import read_form as read_fields
from local.upstreams.apis.cloudflare.schemas import COMMON, ENVELOPE, FORMS, HOSTED, UNIFIED
from tests.support.fakes import PNG, FakeClock, FakeHttp, FakeReply, gateway, json_of, request
from tests.support.runs import finish, job_of, route_to

ACCOUNT = "0123456789abcdef0123456789abcdef"
TOKEN = f"{ACCOUNT}:good"
CATALOG = load_catalog()
ROWS = [model for model in CATALOG.models if model.provider.id == "cloudflare"]
PICTURE = {"image": base64.b64encode(PNG).decode()}
SMALL = write_png(Header(8, 8, 8, Colours.GREY), zlib.compress((b"\0" + b"\xff" * 8) * 8))
MASK = Mask(ImageFile(data=BytesBlob(SMALL)), Convention.WHITE)


@dataclass
class FakeAi:
    """A binding that answers what was written beforehand, and remembers its calls."""

    answer: FakeReply
    calls: list[tuple[str, bytes, str, Mapping[str, Any]]] = field(default_factory=list)

    async def run(
        self,
        model: str,
        body: Sequence[Part],
        content_type: str,
        options: Mapping[str, object],
        deadline: Deadline,
    ) -> FakeReply:
        sent = b"".join(part if isinstance(part, bytes) else part.head(part.size) for part in body)
        self.calls.append((model, sent, content_type, options))
        return self.answer


def answers(value: Any, status: int = 200) -> FakeReply:
    return FakeReply(status, {"content-type": "application/json"}, [json.dumps(value).encode()])


def provider(
    ai: FakeAi | None = None,
    settings: AiSettings | None = None,
    allowance: NeuronAllowance | None = None,
    operators: tuple[Secret, ...] = (),
) -> Cloudflare:
    client = CloudflareClient(ai, settings or AiSettings(), operators)
    return Cloudflare(client, allowance, None, lambda: "boundary")


def by_binding(name: str, token: Secret = BINDING) -> Route:
    return replace(route_to(name, TOKEN), token=token)


def job_for(name: str, operation: Operation) -> Any:
    source = ImageFile(data=BytesBlob(SMALL))
    job = job_of(model=name, size=Size(512, 512))
    model = CATALOG.resolve(name, "").models[0]
    steps, guidance = model.steps, model.guidance_scale
    return replace(
        job,
        operation=operation,
        images=(source,) if operation is Operation.EDIT else (),
        mask=MASK if operation is Operation.EDIT and model.mask else None,
        steps=int(steps.maximum) if steps else None,
        guidance_scale=guidance.maximum if guidance else None,
        negative_prompt="a dog" if model.negative_prompt else None,
        strength=0.5 if model.strength and operation is Operation.EDIT else None,
        aspect_ratio="1:1" if "seedream-4.5" in name else None,
        tier="2K" if "seedream-4.5" in name else None,
        options={"quality": "high"} if "quality" in model.options else {},
    )


async def input_of(sent: bytes, content_type: str) -> tuple[dict[str, Any], int]:
    """The fields of what was sent, and the number of its files."""
    if content_type == "application/json":
        return json.loads(sent), 0
    fields = await read_form(BytesBlob(sent), content_type)
    form = Form(
        {each.name: [each.text] for each in fields if not each.is_file},
        [
            Upload(each.name, each.filename or "", each.media_type, SMALL)
            for each in fields
            if each.is_file
        ],
    )
    model = next(iter(FORMS.values()))
    texts, sources = read_fields(form, model)
    return texts, len(sources)


@pytest.mark.parametrize(
    ("name", "operation"),
    [(model.id, operation) for model in ROWS for operation in model.operations],
)
async def test_both_ways_send_what_the_documented_schema_allows(
    name: str, operation: Operation
) -> None:
    job, place = job_for(name, operation), route_to(name, TOKEN).place
    ai = FakeAi(answers({"image": PICTURE["image"]}))
    await finish(provider(ai), job, by_binding(name), FakeHttp({}))
    ((model, sent, content_type, _),) = ai.calls
    assert model == place
    fields, files = await input_of(sent, content_type)
    check(fields, HOSTED.get(place) or UNIFIED.get(place, COMMON))
    assert files == (1 if operation is Operation.EDIT and place in FORMS else 0)
    http = FakeHttp({"": [answers({"result": {"image": PICTURE["image"]}, "success": True})]})
    await finish(provider(), job, route_to(name, TOKEN), http)
    (request_sent,) = http.sent
    assert request_sent.headers["authorization"] == "Bearer good"
    base = f"https://api.cloudflare.com/client/v4/accounts/{ACCOUNT}/ai/run"
    if place in HOSTED:
        assert (request_sent.url, request_sent.body) == (f"{base}/{place}", sent)
    else:
        check(request_sent.json, ENVELOPE)
        assert (request_sent.url, request_sent.json["input"]) == (base, fields)


@pytest.mark.parametrize("way", [BINDING, Secret(TOKEN)])
async def test_a_file_is_taken_by_its_bytes_whatever_its_type_says(way: Secret) -> None:
    reply = FakeReply(200, {"content-type": "application/octet-stream"}, [PNG])
    name = "cloudflare/phoenix-1.0"
    route = replace(route_to(name, TOKEN), token=way)
    made = await finish(
        provider(FakeAi(reply)), job_for(name, Operation.GENERATE), route, FakeHttp({"": [reply]})
    )
    (picture,) = made.pictures
    assert picture.file is not None
    assert (picture.file.format, made.seed) == ("png", 7)


async def test_addresses_of_the_unified_catalog_are_taken() -> None:
    url = "https://files.example.com/a.png"
    value = {"state": "Completed", "result": {"images": [url]}, "gatewayMetadata": {}}
    name = "cloudflare/openai/gpt-image-2"
    made = await finish(
        provider(FakeAi(answers(value))), job_of(model=name), by_binding(name), FakeHttp({})
    )
    assert [picture.url for picture in made.pictures] == [url]


ERRORS: Sequence[tuple[int, int, type[Failure]]] = (
    (3036, 429, QuotaExhausted), (3040, 429, QueueFull), (5035, 403, UpstreamRefused),
    (5007, 400, UpstreamRefused), (3042, 404, UpstreamRefused), (5004, 400, InvalidRequest),
    (3003, 400, InvalidRequest), (3006, 413, InvalidRequest), (3007, 408, UpstreamSilent),
    (3008, 408, UpstreamSilent), (5016, 403, UpstreamRefused), (3023, 403, CredentialRefused),
    (5018, 403, CredentialRefused), (3041, 403, CredentialRefused), (5006, 400, InvalidRequest),
)  # fmt: skip


@pytest.mark.parametrize(("number", "status", "kind"), ERRORS)
def test_errors_are_told_by_their_numbers(number: int, status: int, kind: type[Failure]) -> None:
    by_rest = {"success": False, "errors": [{"code": number, "message": "what happened"}]}
    failure = map_cloudflare_error(UpstreamError(status, {}, by_rest), "Workers AI")
    assert type(failure) is kind
    assert "what happened" in failure.message
    thrown = {"errors": [{"message": f"InferenceUpstreamError: {number}: what happened"}]}
    failure = map_cloudflare_error(UpstreamError(500, {}, thrown), "Workers AI")
    assert type(failure) is kind
    assert "what happened" in failure.message


def test_a_refusal_that_the_binding_throws_is_one_of_content() -> None:
    thrown = {"errors": [{"message": "3030: Input prompt contains NSFW content."}]}
    failure = map_cloudflare_error(UpstreamError(500, {}, thrown), "Workers AI")
    assert isinstance(failure, ContentRefused)


def test_missing_credits_rest_no_credential() -> None:
    failure = map_cloudflare_error(UpstreamError(402, {}, {"error": "no credits"}), "Workers AI")
    assert isinstance(failure, FreeAllowanceUsed)
    assert rest_after(failure, ROWS[0].provider, 0.0) is None


def test_a_day_that_is_used_up_rests_the_credential_until_midnight_in_utc() -> None:
    error = {"errors": [{"code": 3036, "message": "used up"}]}
    failure = map_cloudflare_error(UpstreamError(429, {}, error), "Workers AI")
    rest = rest_after(failure, ROWS[0].provider, 1_700_000_000.0)
    assert rest is not None
    assert rest.until == next_midnight(1_700_000_000.0, 0)
    assert rest.until % 86_400 == 0


@pytest.mark.parametrize(
    "token", ["good", "0123:good", f"{ACCOUNT[:-1]}/:good", f"{ACCOUNT}:", "../x:y"]
)
async def test_a_token_without_a_proper_account_is_sent_nowhere(token: str) -> None:
    http = FakeHttp({"": [answers({})]})
    name = "cloudflare/flux-1-schnell"
    with pytest.raises(CredentialRefused, match="cf:ACCOUNT_ID:TOKEN"):
        await finish(provider(), job_of(model=name), route_to(name, token), http)
    assert http.sent == []


async def test_a_token_that_is_repeated_without_its_account_is_removed() -> None:
    http = FakeHttp(
        {"": [answers({"errors": [{"code": 3003, "message": "bad hidden-token"}]}, 400)]}
    )
    name = "cloudflare/flux-1-schnell"
    with pytest.raises(InvalidRequest) as caught:
        route = route_to(name, f"{ACCOUNT}:hidden-token")
        await finish(provider(), job_of(model=name), route, http)
    assert "hidden-token" not in caught.value.message


GATEWAY = AiSettings(
    ai_gateway_id="darkroom", ai_gateway_cache_ttl_s=60, ai_gateway_skip_cache=False,
    ai_gateway_collect_log=True, ai_gateway_metadata={"app": "darkroom"},
)  # fmt: skip


async def test_the_gateways_options_go_with_the_operators_calls_alone() -> None:
    name, job = "cloudflare/phoenix-1.0", job_for("cloudflare/phoenix-1.0", Operation.GENERATE)
    ai = FakeAi(answers({"image": PICTURE["image"]}))
    await finish(provider(ai, GATEWAY), job, by_binding(name), FakeHttp({}))
    assert ai.calls[0][3]["gateway"] == {
        "id": "darkroom", "cacheTtl": 60, "skipCache": False, "collectLog": True,
        "metadata": {"app": "darkroom"},
    }  # fmt: skip
    http = FakeHttp({"": [answers({"image": PICTURE["image"]})]})
    route = route_to(name, TOKEN)
    await finish(provider(None, GATEWAY, operators=(Secret(TOKEN),)), job, route, http)
    await finish(provider(None, GATEWAY), job, route, http)
    operators, callers = (
        {k: v for k, v in sent.headers.items() if "aig" in k} for sent in http.sent
    )
    assert operators == {
        "cf-aig-gateway-id": "darkroom", "cf-aig-cache-ttl": "60", "cf-aig-skip-cache": "false",
        "cf-aig-collect-log": "true", "cf-aig-metadata": '{"app": "darkroom"}',
    }  # fmt: skip
    assert callers == {}


async def test_a_busy_model_is_to_say_so_where_another_upstream_follows() -> None:
    name = "cloudflare/flux-1-schnell"
    job = job_for(name, Operation.GENERATE)
    ai = FakeAi(answers({"image": PICTURE["image"]}))
    for has_next in (False, True):
        route = replace(by_binding(name), has_next=has_next)
        await finish(provider(ai), job, route, FakeHttp({}))
    assert [call[3] for call in ai.calls] == [{}, {"rejectIfBusy": True}]
    http = FakeHttp({"": [answers({"image": PICTURE["image"]})]})
    await finish(provider(), job, replace(route_to(name, TOKEN), has_next=True), http)
    assert http.sent[0].json["options"] == {"rejectIfBusy": True}


def bound(*, is_open: bool = True) -> Catalog:
    return configure(load_catalog(), {}, {"AI": is_open}).catalog


def caller(catalog: Catalog, bearer: str = "", *, keyed: bool = False) -> Any:
    who = identify(f"Bearer {bearer}" if bearer else None, Settings(), catalog.providers)
    return replace(who, key=GatewayKey("id", "a key", "digest")) if keyed else who


def test_only_what_follows_at_another_upstream_counts_as_next() -> None:
    catalog = bound()
    cloudflare, space = (
        catalog.resolve(name, "").models[0]
        for name in ("cloudflare/flux-1-schnell", "z-image-turbo")
    )
    candidates = [(cloudflare, job_of()), (space, job_of())]
    who = caller(catalog, f"cf:{TOKEN}")
    steps = plan_steps(candidates, who)
    assert [step.route.has_next for step in steps[:2]] == [True, True]
    assert [step.route.token for step in steps[:2]] == [Secret(TOKEN), FREE_BINDING]
    alone = plan_steps(candidates[:1], who)
    assert [step.route.has_next for step in alone] == [False, False]


@pytest.mark.parametrize(
    ("name", "keyed", "is_open", "expected"),
    [
        ("cloudflare/flux-1-schnell", False, True, (FREE_BINDING,)),
        ("cloudflare/flux-1-schnell", False, False, ()),
        ("cloudflare/flux-1-schnell", True, False, (BINDING,)),
        ("cloudflare/flux-2-klein-4b", False, True, ()),
        ("cloudflare/openai/gpt-image-2", False, True, ()),
        ("cloudflare/any/other", False, True, ()),
        ("cloudflare/any/other", True, True, (BINDING,)),
        ("cloudflare/@cf/meta/llama-3.1-8b-instruct", False, True, ()),
    ],
)
def test_the_binding_is_open_to_those_with_a_key_and_for_what_has_a_price(
    name: str, keyed: bool, is_open: bool, expected: tuple[Secret, ...]
) -> None:
    catalog = bound(is_open=is_open)
    row = next(row for row in catalog.providers if row.id == "cloudflare")
    who = caller(catalog, keyed=keyed)
    assert who.binding_for(row, name) == expected
    assert who.may_use(row, name) is bool(expected)


def test_nobody_can_send_what_stands_for_the_binding() -> None:
    catalog = bound()
    row = next(row for row in catalog.providers if row.id == "cloudflare")
    for text in (BINDING.reveal(), BINDING.reveal().strip("\0")):
        with pytest.raises(InvalidRequest):
            caller(catalog, f"cf:{text}")
    assert BINDING not in caller(catalog, "cf:BINDING").tokens_for(row)


@pytest.mark.parametrize(
    ("name", "size", "steps", "neurons"),
    [
        ("cloudflare/flux-1-schnell", Size(1024, 1024), 4, 57.6),
        ("cloudflare/flux-1-schnell", Size(1024, 1024), 8, 96.0),
        ("cloudflare/flux-2-dev", Size(1024, 1024), 25, 3728.0),
        ("cloudflare/lucid-origin", Size(1024, 1024), 40, 3025.48),
        ("cloudflare/phoenix-1.0", Size(1025, 512), 25, 1831.84),
        ("cloudflare/stable-diffusion-v1-5-inpainting", Size(512, 512), 20, 0.0),
    ],
)
def test_a_picture_is_priced_before_it_is_painted(
    name: str, size: Size, steps: int, neurons: float
) -> None:
    price = CATALOG.resolve(name, "").models[0].neurons
    assert price is not None
    assert price.of(replace(job_of(size=size), steps=steps)) == pytest.approx(neurons)


def test_each_source_counts_in_each_step() -> None:
    job = replace(
        job_of(size=Size(512, 512)), steps=10, images=(ImageFile(data=BytesBlob(PNG)),) * 2
    )
    assert NeuronPrice(tile_step=3.0, source_step=2.0).of(job) == 70.0


def allowance(a_day: int, clock: FakeClock | None = None) -> NeuronAllowance:
    clock, names = clock or FakeClock(), iter(range(10_000))
    return NeuronAllowance(a_day, MemoryBudget(clock), clock, lambda: f"name-{next(names)}")


async def test_of_many_exactly_those_are_given_that_a_day_holds() -> None:
    clock = FakeClock()
    given = allowance(1000, clock)
    taken = [await given.take(57.6, 60) for _ in range(17)]
    with pytest.raises(FreeAllowanceUsed, match=r"20\.8 are left"):
        await given.take(57.6, 60)
    assert await given.take(20.8, 60), "a cheaper one fits"
    assert await given.left() == 0
    await given.give_back(taken[0])
    assert await given.left() == pytest.approx(57.6)
    clock.now += 86_400 - clock.time() % 86_400
    assert await given.left() == 1000, "a new day"


class Unreachable:
    """A budget that does not answer."""

    async def reserve(self, reservation: Reservation) -> Answer:
        raise StoreUnavailable

    async def settle(self, reservation_id: str, images: int) -> None:
        raise StoreUnavailable


@pytest.mark.parametrize("budget", [None, Unreachable()])
async def test_what_cannot_be_counted_is_not_given(budget: Any) -> None:
    given = NeuronAllowance(9000, budget, FakeClock(), lambda: "name")
    with pytest.raises(UpstreamUnavailable):
        await given.take(1.0, 60)
    assert await given.left() is None
    assert given.is_open is (budget is not None)


@pytest.mark.parametrize(
    ("value", "status", "left"),
    [
        ({"image": PICTURE["image"]}, 200, 942.4),
        ({"errors": [{"message": "3040: no capacity"}]}, 500, 1000.0),
        ({"errors": [{"message": "3007: timeout"}]}, 500, 942.4),
    ],
)
async def test_what_was_not_begun_is_given_back(value: Any, status: int, left: float) -> None:
    given, name = allowance(1000), "cloudflare/flux-1-schnell"
    paint = provider(FakeAi(answers(value, status)), allowance=given)
    route = by_binding(name, FREE_BINDING)
    job = replace(job_for(name, Operation.GENERATE), steps=4, size=Size(1024, 1024))
    try:
        await finish(paint, job, route, FakeHttp({}))
    except Failure:
        assert status == 500
    assert await given.left() == pytest.approx(left)


def gate(ai: FakeAi, given: NeuronAllowance) -> Gateway:
    clock, settings, catalog = FakeClock(), Settings(), bound()
    bindings = Bindings(ai, given)
    whole = gateway(settings=settings, catalog=catalog, clock=clock)
    engine = Engine(
        providers=build_providers(settings, lambda: "token", SignatureCache(), bindings),
        chat=build_chat(settings, bindings),
        http=FakeHttp({}),
        credentials=Credentials(clock),
        breakers=Breakers(clock),
        budget=RetryBudget(),
        sleep=clock.sleep,
    )
    return replace(whole, engine=engine, allowance=given)


async def ask(whole: Gateway, path: str, body: Any = None) -> tuple[int, Any]:
    method = "GET" if body is None else "POST"
    headers = {"content-type": "application/json"}
    reply = await handle(request(method, path, body, headers), whole, lambda line: None)
    return reply.status, await json_of(reply)


async def test_without_a_key_a_picture_comes_and_the_providers_tell_what_is_left() -> None:
    whole = gate(FakeAi(answers({"image": PICTURE["image"]})), allowance(9000))
    body = {"model": "cloudflare/flux-1-schnell", "prompt": "a cat", "response_format": "b64_json"}
    status, answer = await ask(whole, "/v1/images/generations", body)
    assert status == 200, answer
    _, listed = await ask(whole, "/v1/providers")
    row = next(row for row in listed["data"] if row["id"] == "cloudflare")
    assert row["free_neurons"] == {"a_day": 9000, "left": pytest.approx(8942.4)}
    assert row["credentials"] == [{"credential": 1, "owner": "operator", "state": "usable"}]


async def test_a_model_says_what_a_picture_costs_and_whether_it_needs_a_token() -> None:
    whole = gate(FakeAi(answers({})), allowance(9000))
    _, listed = await ask(whole, "/v1/models")
    rows = {row["id"]: row for row in listed["data"]}
    assert rows["cloudflare/flux-1-schnell"]["price"] == {
        "neurons": {"tile_side": 512, "tile": 4.8, "step": 9.6, "tile_step": 0, "source_step": 0}
    }
    assert not rows["cloudflare/flux-1-schnell"]["token"]["required"]
    assert rows["cloudflare/openai/gpt-image-2"]["token"]["required"]
    assert "price" not in rows["cloudflare/openai/gpt-image-2"]


async def test_a_used_up_day_rests_the_binding_for_all() -> None:
    ai = FakeAi(answers({"errors": [{"message": "3036: used up"}]}, 500))
    whole = gate(ai, allowance(9000))
    body = {"model": "cloudflare/flux-1-schnell", "prompt": "a cat"}
    for _ in range(3):
        status, answer = await ask(whole, "/v1/images/generations", body)
        assert (status, answer["error"]["code"]) == (429, "insufficient_quota")
    assert len(ai.calls) == 1
    assert await whole.allowance.left() == 9000  # type: ignore[union-attr]


async def test_a_price_beyond_what_is_left_rests_nothing() -> None:
    ai = FakeAi(answers({"image": PICTURE["image"]}))
    whole = gate(ai, allowance(100))
    body = {"prompt": "a cat", "model": "cloudflare/phoenix-1.0"}
    status, answer = await ask(whole, "/v1/images/generations", body)
    assert (status, answer["error"]["code"]) == (429, "insufficient_quota")
    body["model"] = "cloudflare/flux-1-schnell"
    assert (await ask(whole, "/v1/images/generations", body))[0] == 200


def test_settings_are_read() -> None:
    env = {
        "FREE_NEURONS_A_DAY": "0", "AI_GATEWAY_ID": "darkroom", "AI_GATEWAY_CACHE_TTL_S": "60",
        "AI_GATEWAY_SKIP_CACHE": "false", "AI_GATEWAY_COLLECT_LOG": "true",
        "AI_GATEWAY_METADATA": '{"app": "darkroom"}',
    }  # fmt: skip
    assert Settings.from_env(env).ai == replace(GATEWAY, free_neurons_a_day=0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FREE_NEURONS_A_DAY", "-1"), ("FREE_NEURONS_A_DAY", "many"), ("AI_GATEWAY_ID", "a/b"),
        ("AI_GATEWAY_CACHE_TTL_S", "soon"), ("AI_GATEWAY_SKIP_CACHE", "1"),
        ("AI_GATEWAY_METADATA", "[]"), ("AI_GATEWAY_METADATA", '{"a": {}}'),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used_are_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        Settings.from_env({name: value})
