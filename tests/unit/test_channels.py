"""Channels and addresses from an operator's settings."""

import json

import pytest

from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.channels import configure
from darkroom.catalog.model import Range
from darkroom.catalog.pool import Purpose
from darkroom.errors import Misconfigured
from darkroom.settings import Secret

CHANNEL = {
    "id": "mine",
    "api_url": "https://api.example.com/v1/",
    "images_endpoint": "/pictures",
    "auth": {"type": "api-key", "header": "X-Key"},
    "headers": {"X-Team": "art"},
    "tokens": ["secret-one"],
    "models": ["plain", {"id": "other", "steps": {"minimum": 1, "maximum": 9, "default": 3}}],
    "chat_models": ["talker"],
}


def test_a_channel_is_a_provider_like_any_other() -> None:
    configured = configure(load_catalog(), {"CHANNELS": json.dumps([CHANNEL])})
    model = configured.catalog.resolve("mine/other", "").models[0]
    assert model.steps == Range(1, 9, 3)
    assert model.provider.base_url == "https://api.example.com/v1"
    assert model.provider.options["token_header"] == "x-key"
    assert model.provider.options["images_path"] == "/pictures"
    assert configured.catalog.find_chat("mine/talker").provider is model.provider
    assert configured.tokens == {"mine": (Secret("secret-one"),)}


def test_channels_may_be_named_by_the_keys_of_an_object() -> None:
    document = {"mine": {"api_url": "https://api.example.com", "models": ["plain"]}}
    configured = configure(load_catalog(), {"CHANNELS": json.dumps(document)})
    assert configured.channels == ("mine",)


def test_the_operators_channels_stand_behind_the_free_models_of_auto() -> None:
    configured = configure(load_catalog(), {"CHANNELS": json.dumps([CHANNEL])})
    free, fallback = configured.catalog.pools["auto"].groups_for(Purpose.GENERATE)
    assert free[:2] == ("cloudflare/flux-1-schnell", "z-image-turbo")
    assert fallback[-2:] == ("mine/plain", "mine/other")
    edits = configured.catalog.pools["auto"].groups_for(Purpose.EDIT)
    assert not {"mine/plain", "mine/other"} & {name for group in edits for name in group}


def test_a_pool_of_the_operators_is_known() -> None:
    configured = configure(load_catalog(), {"POOLS": '{"fast": ["flux-1-schnell", "ms/flux-2"]}'})
    models = configured.catalog.resolve("fast", "").models
    assert [model.id for model in models] == [
        "flux-1-schnell", "ms/black-forest-labs/FLUX.2-dev",
    ]  # fmt: skip


def test_an_address_from_the_settings_replaces_the_rows() -> None:
    configured = configure(load_catalog(), {"GITEE_URL": "http://127.0.0.1:1/v1/"})
    model = configured.catalog.resolve("gitee/z-image-turbo", "").models[0]
    assert model.provider.base_url == "http://127.0.0.1:1/v1"


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"CHANNELS": "{"}, "CHANNELS is not JSON"),
        ({"CHANNELS": "3"}, "list of channels"),
        ({"CHANNELS": '[{"id": "x"}]'}, "entry 1: api_url"),
        ({"CHANNELS": '[{"id": "X y", "api_url": "https://x"}]'}, "entry 1: id"),
        ({"CHANNELS": json.dumps([{"id": "x" * 42, "api_url": "https://x"}])}, "entry 1: id"),
        ({"CHANNELS": '[{"id": "x", "api_url": "ftp://x"}]'}, "must be an address"),
        ({"CHANNELS": '[{"id": "gitee", "api_url": "https://x"}]'}, "two providers"),
        ({"CHANNELS": '[{"id": "x", "api_url": "https://x", "colour": 1}]'}, "colour"),
        ({"POOLS": '{"a": []}'}, "POOLS must be JSON such as"),
        ({"POOLS": '{"a": ["nope"]}'}, "which is no model"),
        ({"BFL_URL": "https://user@host"}, "BFL_URL must be an address"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(env: dict[str, str], says: str) -> None:
    with pytest.raises(Misconfigured, match=says):
        configure(load_catalog(), env)
