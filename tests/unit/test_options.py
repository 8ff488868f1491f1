"""OpenAI's own fields: to models that have them in their words, to nobody else, and never lost."""

from typing import Any

import pytest

from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.parameters import RequestedParameters, ResolvedParameters, resolve_for_model
from darkroom.catalog.requested_size import Ratio, Tier, parse_size
from darkroom.catalog.rows import InvalidCatalog, read_provider
from darkroom.job import OPTIONS, STUDIO_OPTIONS, Size
from darkroom.providers.template import fill_object
from tests.support.runs import job_of

CATALOG = load_catalog()
PROVIDER = {
    "id": "x", "name": "X", "model_prefix": "x", "token_prefix": "x", "token_pattern": "", "token_required": False,
}  # fmt: skip


def resolved_parameters(model: str, **options: Any) -> ResolvedParameters:
    row = CATALOG.find(model)
    assert row is not None
    return resolve_for_model(RequestedParameters(prompt="a cat", options=options), row)


@pytest.mark.parametrize(
    ("model", "given", "sent"),
    [
        ("openai/gpt-image-2", {"quality": "hd"}, {"quality": "high"}),
        ("openai/gpt-image-2", {"quality": "standard"}, {"quality": "medium"}),
        ("openai/gpt-image-2.6-flare", {"quality": "max"}, {"quality": "max"}),
        ("openai/gpt-image-2", {"background": "transparent"}, {"background": "transparent"}),
        ("openai/gpt-image-2", {"output_format": "webp", "output_compression": 50}, {"output_format": "webp", "output_compression": 50}),
        ("openai/gpt-image-2", {"user": "u-1"}, {"user": "u-1"}),
        ("a4f/provider-4/imagen-4", {"quality": "low", "style": "vivid"}, {"quality": "standard", "style": "vivid"}),
        ("pollinations/flux", {"quality": "hd"}, {"quality": "hd"}),
        ("bfl/flux-2-pro", {"output_format": "jpeg"}, {"output_format": "jpeg"}),
        ("bfl/flux-2-pro", {"safety_tolerance": 6}, {"safety_tolerance": 5}),
        ("bfl/flux-kontext-pro", {"safety_tolerance": 6}, {"safety_tolerance": 6}),
    ],
)  # fmt: skip
def test_a_model_gets_its_options_in_its_own_words(
    model: str, given: dict[str, Any], sent: dict[str, Any]
) -> None:
    requested = resolved_parameters(model, **given)
    assert requested.job.options == sent
    assert requested.ignored == ()


@pytest.mark.parametrize(
    ("model", "given", "ignored"),
    [
        ("z-image-turbo", {"quality": "high", "style": "vivid", "background": "opaque"}, ("quality", "style", "background")),
        ("z-image-turbo", {"quality": "auto", "background": "auto", "moderation": "auto"}, ()),
        ("openai/gpt-image-2", {"quality": "max"}, ("quality",)),
        ("openai/gpt-image-2", {"input_fidelity": "high"}, ("input_fidelity",)),
        ("openai/gpt-image-2", {"safety_tolerance": 3}, ("safety_tolerance",)),
        ("bfl/flux-2-pro", {"user": "u-1"}, ("user",)),
    ],
)  # fmt: skip
def test_options_that_a_model_lacks_are_reported_and_not_sent(
    model: str, given: dict[str, Any], ignored: tuple[str, ...]
) -> None:
    requested = resolved_parameters(model, **given)
    assert requested.job.options == {}
    assert requested.ignored == ignored


def test_output_compression_is_sent_only_for_formats_that_compress() -> None:
    given = {"output_format": "png", "output_compression": 50}
    assert resolved_parameters("openai/gpt-image-2", **given).job.options == {
        "output_format": "png"
    }


def test_every_option_of_every_row_is_one_that_callers_can_give() -> None:
    for model in CATALOG.models:
        assert set(model.options) <= {*OPTIONS, *STUDIO_OPTIONS}, model.id


def test_a_template_has_the_options_and_its_own_words_where_there_are_none() -> None:
    template = {"quality": "{quality}", "output_format": "{output_format|png}"}
    assert fill_object(template, job_of()) == {"output_format": "png"}
    job = job_of(options={"quality": "low", "output_format": "jpeg"})
    assert fill_object(template, job) == {"quality": "low", "output_format": "jpeg"}


def test_a_row_adds_to_the_options_of_its_file() -> None:
    document = {
        "provider": dict(PROVIDER),
        "defaults": {"options": {"user": True, "quality": ["low"]}},
        "model": [{"id": "m", "size": {"default": "8x8", "list": ["8x8"]}, "options": {"quality": {"hd": "best"}}}],
    }  # fmt: skip
    (model,) = read_provider("x.toml", document).models
    assert model.describe()["options"] == {"user": None, "quality": ["hd"]}
    assert model.options["quality"].translate("hd") == "best"
    document["defaults"] = {"options": {"user": "yes"}}
    with pytest.raises(InvalidCatalog, match="an option must be"):
        read_provider("x.toml", document)


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("flux-1-schnell", Size(2048, 1152)),  # free pixels, within its bounds
        ("gemini/gemini-3-pro-image", Size(2752, 1536)),
        ("Qwen/Qwen-Image", Size(1664, 928)),  # its only one of that ratio
    ],
)
def test_a_ratio_goes_with_a_class_of_size(model: str, size: Size) -> None:
    ratio = parse_size("16:9")
    assert isinstance(ratio, Ratio)
    row = CATALOG.find(model)
    assert row is not None
    requested = RequestedParameters(
        prompt="a cat", size=Ratio("16:9", ratio.value, Tier("2K", 2048))
    )
    assert resolve_for_model(requested, row).job.size == size
