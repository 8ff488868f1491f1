"""`REWRITER_MODELS`, and the rewriters that are there without it."""

import json
from typing import Any

import pytest

from darkroom.catalog.catalog import Catalog, load_catalog
from darkroom.catalog.channels import configure
from darkroom.errors import Misconfigured


def configured(value: object, **more: str) -> Catalog:
    return configure(load_catalog(), {"REWRITER_MODELS": json.dumps(value), **more}).catalog


def test_the_names_of_the_studio_are_there() -> None:
    rewriters = load_catalog().rewriters
    assert {name: row.supports_image for name, row in rewriters.items()} == {
        "qwen3-4b": False,
        "qwen3-vl-api": True,
        "qwen3-vl": True,
    }
    assert rewriters["qwen3-4b"].models[-1] == "default"
    assert rewriters["qwen3-vl-api"].name == "VL via API (qwen/qwen-vl-max)"
    assert rewriters["qwen3-vl"].models == ()


@pytest.mark.parametrize(
    ("entry", "models"),
    [
        ("deepseek/deepseek-chat", ("deepseek/deepseek-chat",)),
        (["studio/qwen3-vl", "default"], ("studio/qwen3-vl", "default")),
        ({"model": "gitee/x"}, ("gitee/x",)),
    ],
)
def test_a_name_is_given_other_models(entry: object, models: tuple[str, ...]) -> None:
    rewriters = configured({"qwen3-vl": entry}).rewriters
    assert rewriters["qwen3-vl"].models == models
    assert rewriters["qwen3-vl"].supports_image
    assert list(rewriters) == ["qwen3-4b", "qwen3-vl-api", "qwen3-vl"]


def test_names_are_added() -> None:
    entry: dict[str, Any] = {"model": "ms/Qwen/QVQ", "name": "My eyes", "supports_image": True}
    rewriters = configured({"mine": entry, "plain": "ms/x"}).rewriters
    assert (rewriters["mine"].name, rewriters["mine"].supports_image) == ("My eyes", True)
    assert (rewriters["plain"].name, rewriters["plain"].supports_image) == ("plain", False)


def test_a_channels_text_models_are_known() -> None:
    channels = json.dumps([{"id": "mine", "api_url": "https://api.example.com/v1"}])
    assert configured({"qwen3-vl": "mine/eyes"}, CHANNELS=channels).rewriters["qwen3-vl"].models


@pytest.mark.parametrize(
    "value",
    [
        [], "qwen3-4b", {"qwen3-4b": None}, {"qwen3-4b": ""}, {"qwen3-4b": []}, {"a b": "ms/x"},
        {"a" * 61: "ms/x"},
        {"qwen3-4b": "nobody/x"}, {"qwen3-4b": "deepseek"}, {"qwen3-4b": {"models": "ms/x"}},
        {"qwen3-4b": {"model": "ms/x", "supports_image": "perhaps"}},
    ],
    ids=str,
)  # fmt: skip
def test_an_invalid_rewriter_setting_is_refused_by_name(value: object) -> None:
    if value == []:
        value = [1]
    with pytest.raises(Misconfigured, match="REWRITER_MODELS"):
        configured(value)
