"""Which models are behind the relay's routes, as its clients find out and as operators choose."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.channels import configure
from darkroom.dialects.relay.families import FAMILIES
from darkroom.dialects.relay.names import check_choices
from darkroom.errors import Misconfigured
from darkroom.settings import Settings
from tests.support.fakes import MemoryMedia, json_of
from tests.support.relay import CATALOG, Relay, refusal_of

CAT = {"prompt": "a cat"}
NAMES = [(name, family) for family in FAMILIES.by_id.values() for name in family.models]
# Of each name of the seed, its route there.
SEED = {
    "black-forest-labs/FLUX-2-pro": "/v2/image/flux/generate",
    "google/gemini-3-pro-T2I": "/v2/image/gemini-3/generate",
    "openai/gpt-image-1.5-T2I": "/v2/image/gpt-image/generate",
    "openai/gpt-image-1.5-I2I": "/v2/image/gpt-image/edit",
    "Qwen/qwen-image": "/v2/image/qwen/generate",
    "Qwen/qwen-image-edit": "/v2/image/qwen/edit",
    "Realistic_Vision_V5.1.safetensors": "/v2/automatic1111/sdapi/v1/txt2img",
    "illustriousRealismBy_v10VAE.safetensors": "/v2/automatic1111/sdapi/v1/txt2img",
    "stable-diffusion-v1-5-pruned.safetensors": "/v2/automatic1111/sdapi/v1/txt2img",
}
# What the official client's types say of a model and of its route.
ROW = {"name", "tag", "store_output_supported", "display_name", "endpoint", "conductable"}
ENDPOINT = {
    "method", "path", "operation_id", "model_in_body", "model_default", "async_default", "streams",
}  # fmt: skip
DETAIL = {
    *ROW, "modes", "sources", "request_schema", "request_schema_url", "request_example",
    "response_schema", "response_schema_url", "restricted_tiers", "pricing", "available", "status",
}  # fmt: skip


async def listed(relay: Relay) -> dict[str, dict[str, Any]]:
    answer = await json_of(await relay.call("GET", "/v2/models"))
    return {row["name"]: row for rows in answer["auto"].values() for row in rows}


async def reported(relay: Relay, name: str) -> dict[str, Any]:
    reply = await relay.call("GET", f"/v2/models/{name}")
    assert reply.status == 200
    detail: dict[str, Any] = await json_of(reply)
    return detail


def chosen(**models: Any) -> Relay:
    choices = {name: tuple(meant) for name, meant in models.items()}
    return Relay(parts={"settings": Settings(relay_models=choices)})


async def test_the_list_is_by_mode_and_source() -> None:
    answer = await json_of(await Relay().call("GET", "/v2/models"))
    assert set(answer) == {"auto", "direct", "opengpu", "model_restrictions_per_tier"}
    assert answer["auto"] == answer["direct"]
    assert answer["opengpu"] == {}
    assert {"flux", "gemini-3", "gpt-image", "qwen", "huggingface"} <= set(answer["auto"])
    for rows in answer["auto"].values():
        for row in rows:
            assert set(row) == ROW
            assert set(row["endpoint"]) == ENDPOINT


async def test_every_name_of_the_relays_is_listed_with_its_route_and_so_is_every_other_model() -> (
    None
):
    rows = await listed(Relay())
    for name, path in SEED.items():
        assert rows[name]["endpoint"]["path"] == path
    assert "auto" in rows
    assert rows["qwen-image-edit"]["tag"] == "image-to-image"
    assert rows["z-image-turbo"]["tag"] == "text-to-image"
    for model in CATALOG.models:
        assert (model.id in rows) == (model.provider.is_configured or model.id in dict(NAMES))


@pytest.mark.parametrize(("name", "family"), NAMES)
async def test_a_model_is_reported_with_all_that_the_official_client_reads(
    name: str, family: Any
) -> None:
    detail = await reported(Relay(), name)
    assert set(detail) == DETAIL
    assert detail["endpoint"]["path"] == family.path
    assert detail["endpoint"]["model_in_body"] is True
    assert (detail["status"], detail["available"]) == ("available", True)
    Draft202012Validator(detail["request_schema"]).validate(detail["request_example"])
    assert set(detail["request_example"]) <= set(detail["request_schema"]["properties"])


async def test_schemas_are_built_once_for_all_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[object] = []
    build = TypeAdapter.json_schema

    def counted(adapter: TypeAdapter[Any], **options: Any) -> dict[str, Any]:
        built.append(adapter)
        return build(adapter, **options)

    monkeypatch.setattr(TypeAdapter, "json_schema", counted)
    first, *others = [await reported(Relay(), FAMILIES.any_model.default) for _ in range(3)]
    assert others == [first, first]
    assert len(built) <= 1


async def test_an_example_is_answered_as_the_schema_says() -> None:
    for family in FAMILIES.by_id.values():
        detail = await reported(Relay(), family.default)
        schema = {**detail["response_schema"], "additionalProperties": False}
        answer = await Relay(media=MemoryMedia()).answer(
            family.path.removeprefix("/v2/"), detail["request_example"]
        )
        Draft202012Validator(schema).validate(answer)


@pytest.mark.parametrize("name", ["Qwen/qwen-image", "Qwen%2Fqwen-image"])
async def test_a_names_slashes_are_raw_or_encoded(name: str) -> None:
    assert (await reported(Relay(), name))["name"] == "Qwen/qwen-image"


@pytest.mark.parametrize("name", ["z-image-turbo", "ms/flux-2", "auto", "gpt-image-1"])
async def test_a_model_that_the_relay_does_not_know_goes_by_a_route_of_ours(name: str) -> None:
    detail = await reported(Relay(), name)
    assert detail["endpoint"]["path"] == "/v2/image/generate"
    assert "steps" in detail["request_schema"]["properties"]


async def test_an_unknown_model_is_a_404() -> None:
    body = await refusal_of(await Relay().call("GET", "/v2/models/Qwen/qwen-imag"), 404)
    assert body["error"]["code"] == "MODEL_NOT_FOUND"


async def test_the_catalogue_needs_no_credential_and_looks_at_none() -> None:
    for path in ("/v2/models", "/v2/models/Qwen/qwen-image"):
        assert (await Relay().call("GET", path, x_api_key="dk_unknown")).status == 200


async def test_a_clients_files_go_into_the_body_and_nowhere_else() -> None:
    """The official client uploads a file where a field's description speaks of a URL."""
    for family in FAMILIES.by_id.values():
        schema = (await reported(Relay(), family.default))["request_schema"]
        for row in family.fields:
            if row.is_picture and not row.name.endswith("_url"):
                words = schema["properties"][row.name]["description"].lower()
                assert "base64" in words
                assert "url" not in words


async def test_pictures_are_stored_where_they_can_be() -> None:
    assert not (await reported(Relay(), "auto"))["store_output_supported"]
    assert (await reported(Relay(media=MemoryMedia()), "auto"))["store_output_supported"]


async def test_an_operator_chooses_the_models_behind_a_route() -> None:
    relay = chosen(**{"flux/generate": ["ms/flux-2", "z-image"]})
    assert (await relay.answer("image/flux/generate", CAT))["model"] == "z-image"
    named = {**CAT, "model": "black-forest-labs/FLUX-2-pro"}
    assert (await relay.answer("image/flux/generate", named))["model"] == "z-image"
    token = {"x_api_key": "ms:good"}
    paid = await relay.answer("image/flux/generate", CAT, **token)
    assert paid["provider"] == "modelscope"


async def test_an_operator_chooses_the_models_behind_a_name() -> None:
    name = "google/gemini-2.5-flash-image"
    relay = chosen(**{name: ["flux-1-schnell"]})
    route = "image/gemini-3/generate"
    assert (await relay.answer(route, {**CAT, "model": name}))["model"] == "flux-1-schnell"
    assert (await relay.answer(route, CAT))["model"] == "z-image-turbo"


async def test_a_choice_may_be_a_pool_or_one_of_the_operators_channels() -> None:
    channels = [{"id": "mine", "api_url": "https://api.example.com", "auth": "none",
                 "models": ["plain"]}]  # fmt: skip
    catalog = configure(CATALOG, {"CHANNELS": json.dumps(channels)}).catalog
    settings = Settings(
        relay_models={"qwen/generate": ("mine/plain",), "flux/generate": ("auto",)},
        public_providers=("mine",),
    )
    check_choices(settings.relay_models, catalog)
    relay = Relay(catalog=catalog, parts={"settings": settings})
    answer = await relay.answer("image/qwen/generate", CAT)
    assert (answer["model"], answer["provider"]) == ("mine/plain", "mine")
    assert (await relay.answer("image/flux/generate", CAT))["model"] == "z-image-turbo"


@pytest.mark.parametrize(
    ("choices", "says"),
    [
        ({"sora/generate": ["z-image"]}, "'sora/generate' is none of the relay's routes"),
        ({"flux/generate": ["z-imag"]}, "flux/generate: The model 'z-imag' does not exist"),
        ({"qwen/edit": ["qwen-image-edit", "nope"]}, "qwen/edit: The model 'nope'"),
    ],
)
def test_a_choice_that_there_is_not_is_reported_by_name(choices: dict[str, Any], says: str) -> None:
    with pytest.raises(Misconfigured, match="RELAY_MODELS") as caught:
        check_choices(choices, CATALOG)
    assert says in caught.value.message


@pytest.mark.parametrize(
    "text", ["[]", "{", "5", '{"a": 5}', '{"a": []}', '{"a": [5]}', '{"a": [""]}', '{"a": null}']
)
def test_choices_that_cannot_be_read_are_reported(text: str) -> None:
    with pytest.raises(Misconfigured, match="RELAY_MODELS"):
        Settings.from_env({"RELAY_MODELS": text})


def test_a_choice_is_one_name_or_a_list() -> None:
    text = '{"flux/generate": "bfl/flux-2-pro", "qwen/edit": ["a", "b"]}'
    assert Settings.from_env({"RELAY_MODELS": text}).relay_models == {
        "flux/generate": ("bfl/flux-2-pro",),
        "qwen/edit": ("a", "b"),
    }
    assert Settings.from_env({}).relay_models == {}


def test_every_model_of_the_table_is_in_the_catalog_and_supports_its_operation() -> None:
    """Its own edits too: a family that takes pictures has a model that edits them."""
    for family in FAMILIES.by_id.values():
        for name, names in family.models.items():
            models = load_catalog().resolve(list(names), "z-image-turbo").models
            operations = {operation for model in models for operation in model.operations}
            pictures = any(row.means == "image" for row in family.fields)
            assert not pictures or operations - {"generate"}, name
            assert any(not model.provider.token_required for model in models), name


def test_the_table_of_models_is_consistent() -> None:
    for family in FAMILIES.by_id.values():
        assert family.default in family.models
        assert all(family.row(name) for name in (*family.one_of, *family.at_most_one_of))
    names = [name for name, _ in NAMES]
    assert len(set(names)) == len(names), "a name has one route"


def test_every_route_and_name_is_in_the_documents() -> None:
    root = Path(__file__).parents[2]
    api = (root / "docs/api.md").read_text("utf-8")
    operations = (root / "docs/operations.md").read_text("utf-8")
    for family in FAMILIES.by_id.values():
        assert f"`POST {family.path}`" in api
        assert f"`{family.id}`" in operations
        for name in family.models:
            assert f"`{name}`" in api
        for row in family.fields:
            assert f"`{row.name}`" in api or row.name.startswith("input_image_"), row.name
