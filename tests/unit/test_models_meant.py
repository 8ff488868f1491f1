"""Which model a caller gets who names none, or names one as its provider does."""

import base64
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.catalog import catalog
from darkroom.events import Finished, Picture
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.job import ImageJob
from tests.support.fakes import (
    FakeClock,
    FakeHttp,
    FakeProvider,
    engine,
    gateway,
    json_of,
    request,
)
from tests.support.pictures import left_erased, picture

PNG = picture(size=(64, 48))
SOURCE = base64.b64encode(picture()).decode()
MASK = base64.b64encode(left_erased()).decode()
HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),))
PATH = "/v1/images/generations"
CHAT = {"messages": [{"role": "user", "content": "a cat"}]}


def everywhere(provider: FakeProvider) -> Gateway:
    """A gateway at which one provider speaks every protocol."""
    gate = gateway()
    rows = {row.protocol: provider for row in gate.catalog.providers}
    return replace(gate, engine=engine(rows, FakeHttp({}), FakeClock()))


async def ask(path: str, token: str | None, **body: Any) -> tuple[Reply, list[ImageJob]]:
    provider = FakeProvider([[HELD]])
    headers = {"authorization": f"Bearer {token}"} if token else {}
    asked = request("POST", path, body, headers)
    reply = await handle(asked, everywhere(provider), lambda entry: None)
    return reply, [job for job, _ in provider.calls]


async def model_for(token: str | None, **body: Any) -> str:
    reply, jobs = await ask(PATH, token, prompt="a cat", **body)
    assert jobs, await json_of(reply)
    return jobs[0].model


# The ids of the providers' tables, as they are printed (seeds/providers-and-models.md).
TABLES: Mapping[str, tuple[str, ...]] = {
    "a4f": ("provider-4/imagen-3.5", "provider-4/imagen-4", "provider-8/imagen-3",
            "provider-4/flux-schnell", "provider-8/z-image"),
    "gitee": ("z-image-turbo", "GLM-Image", "Qwen-Image", "Qwen-Image-2512", "flux-1-schnell",
              "FLUX_1-Krea-dev", "FLUX.1-dev"),
    "hf": ("z-image-turbo", "qwen-image-fast", "ovis-image", "flux-1-schnell"),
    "ms": ("Tongyi-MAI/Z-Image-Turbo", "Qwen/Qwen-Image-2512", "black-forest-labs/FLUX.2-dev",
           "black-forest-labs/FLUX.1-Krea-dev", "MusePublic/489_ckpt_FLUX_1"),
}  # fmt: skip
TOKENS = {"a4f": "ddc-a4f-1234", "hf": "hf_abcd1234", "ms": "ms-1234-5678"}


@pytest.mark.parametrize(("prefix", "name"), [(p, n) for p, names in TABLES.items() for n in names])
async def test_an_id_of_a_providers_table_works_as_printed_with_its_token(
    prefix: str, name: str
) -> None:
    for token in (f"{prefix}:abcd1234", TOKENS.get(prefix, f"{prefix}:x")):
        model = await model_for(token, model=name)
        provider = gateway().catalog.find(model)
        assert provider is not None
        assert provider.provider.token_prefix == prefix


@pytest.mark.parametrize("prefix", [*TABLES, "openai", "bfl", "gemini", "qwen", "siliconflow"])
@pytest.mark.parametrize("name", [None, "dall-e-3", "gpt-image-1"])
async def test_tokens_of_one_provider_choose_its_default(prefix: str, name: str | None) -> None:
    named = {"model": name} if name else {}
    reply, jobs = await ask(PATH, f"{prefix}:abcd1234", prompt="a cat", **named)
    assert jobs, await json_of(reply)
    model = gateway().catalog.find(jobs[0].model)
    assert model is not None
    assert model.provider.token_prefix == prefix
    adjusted = (await json_of(reply)).get("adjusted", {})
    assert ("model" in adjusted) == (name is not None)


async def test_tokens_of_several_providers_choose_none() -> None:
    reply, jobs = await ask(PATH, "gitee:a,ms:b", prompt="a cat")
    assert (reply.status, jobs) == (400, [])
    assert await model_for("none") == "z-image-turbo"
    assert await model_for(None) == "z-image-turbo"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
async def test_other_routes_know_the_names_too(path: str) -> None:
    body = CHAT if "chat" in path else {"input": "a cat"}
    _, jobs = await ask(path, "gitee:abcd", model="GLM-Image", **body)
    assert jobs[0].model == "gitee/GLM-Image"
    contents = [{"role": "user", "parts": [{"text": "a cat"}]}]
    path = "/v1beta/models/GLM-Image:generateContent"
    _, jobs = await ask(path, "gitee:abcd", contents=contents)
    assert jobs[0].model == "gitee/GLM-Image"


async def test_a_turn_that_a_call_has_answered_knows_the_names_too() -> None:
    call = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": SOURCE}
    turns = [{"role": "user", "content": "a cat"}, call]
    reply, jobs = await ask("/v1/responses", "gitee:abcd", model="GLM-Image", input=turns)
    answer = await json_of(reply)
    assert (reply.status, jobs, answer["model"]) == (200, [], "gitee/GLM-Image"), answer


OPENAIS = ("gpt-image-1.5", "gpt-image-2", "gpt-image-1-mini", "chatgpt-image-latest")


@pytest.mark.parametrize("name", OPENAIS)
@pytest.mark.parametrize("token", ["openai:sk-1", "sk-proj-abcdef123456", "sk-svcacct-abcdef12"])
async def test_a_key_of_openais_gets_openais_model_under_its_name(token: str, name: str) -> None:
    assert await model_for(token, model=name) == f"openai/{name}"


@pytest.mark.parametrize("name", [*OPENAIS, "gpt-image-1", "dall-e-3"])
@pytest.mark.parametrize("token", ["none", "sk-1234", None])
async def test_openais_names_mean_the_default_for_other_callers_and_are_reported_as_adjusted(
    token: str | None, name: str
) -> None:
    reply, jobs = await ask(PATH, token, prompt="a cat", model=name)
    answer = await json_of(reply)
    assert (jobs[0].model, answer["model"]) == ("z-image-turbo", "z-image-turbo")
    assert answer["adjusted"]["model"] == "z-image-turbo"


def test_every_name_of_openais_is_an_alias() -> None:
    rows = Path(catalog.__file__).parent
    aliases = tomllib.loads((rows / "aliases.toml").read_text("utf-8"))["alias"]
    assert set(OPENAIS) <= {alias["id"] for alias in aliases}


async def masked(token: str | None, **body: Any) -> tuple[Reply, list[ImageJob]]:
    fields = {"prompt": "a cat", "image": SOURCE, "mask": MASK, **body}
    return await ask("/v1/images/edits", token, **fields)


@pytest.mark.parametrize("model", [None, "dall-e-2", "gpt-image-1"])
@pytest.mark.parametrize("prefix", ["openai", "bfl"])
async def test_a_mask_without_a_model_gets_the_first_that_takes_masks(
    prefix: str, model: str | None
) -> None:
    _, jobs = await masked(f"{prefix}:abcd", **({"model": model} if model else {}))
    found = gateway().catalog.find(jobs[0].model)
    assert found is not None
    assert (found.mask, found.provider.token_prefix) == (True, prefix)


async def test_a_mask_that_no_model_takes_is_refused_by_its_field_where_it_cannot_be_laid_over() -> (
    None
):
    reply, jobs = await masked(None)
    assert (reply.status, jobs) == (400, [])
    assert (await json_of(reply))["error"]["param"] == "mask"


async def test_too_many_pictures_for_what_is_free_are_refused_with_both_reasons() -> None:
    names = ["input_image", "input_image_2", "input_image_3", "input_image_4"]
    body = {"prompt": "a cat", **dict.fromkeys(names, SOURCE)}
    reply, jobs = await ask("/v2/image/flux/generate", None, **body)
    message = (await json_of(reply))["error"]["message"]
    assert (reply.status, jobs) == (401, [])
    assert "needs a token" in message
    assert "takes 3 at the most, not 4" in message
