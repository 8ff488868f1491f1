"""The catalog: rows, names, and the tables that they come from."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from darkroom.catalog.catalog import Alias, Catalog, load_catalog
from darkroom.catalog.model import Model, Range
from darkroom.catalog.pool import read_pool
from darkroom.catalog.rows import InvalidCatalog, ProviderFile, read_provider
from darkroom.catalog.sizes import RatioSizes
from darkroom.errors import InvalidRequest, ModelNotFound
from darkroom.job import ImageJob, Operation, Size
from darkroom.providers.huggingface import SpaceFunction
from darkroom.providers.provider import space_url

CATALOG = load_catalog()


def model(name: str) -> Model:
    return CATALOG.resolve(name, "z-image-turbo").models[0]


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("z-image-turbo", (1, 20, 9)),
        ("qwen-image-fast", (4, 28, 8)),
        ("ovis-image", (1, 50, 24)),
        ("flux-1-schnell", (1, 50, 8)),
        ("z-image", (1, 100, 30)),
        ("Qwen/Qwen-Image", (1, 100, 50)),
    ],
)
def test_steps_are_those_of_the_published_tables(name: str, steps: tuple[int, int, int]) -> None:
    span = model(name).steps
    assert span is not None
    assert (span.minimum, span.maximum, span.default) == steps


def test_qwen_image_paints_its_seven_ratios_in_their_pixels() -> None:
    sizes = model("Qwen/Qwen-Image").sizes
    assert isinstance(sizes, RatioSizes)
    assert sizes.default == "16:9"
    assert {ratio: str(size) for ratio, size in sizes.sizes.items()} == {
        "1:1": "1328x1328",
        "16:9": "1664x928",
        "9:16": "928x1664",
        "4:3": "1472x1140",
        "3:4": "1140x1472",
        "3:2": "1584x1056",
        "2:3": "1056x1584",
    }


def test_only_z_image_takes_a_negative_prompt() -> None:
    spaces = [m for m in CATALOG.models if m.provider.id == "huggingface"]
    assert [m.id for m in spaces if m.negative_prompt] == ["z-image"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("z-image-turbo", "z-image-turbo"),
        ("hf/z-image-turbo", "z-image-turbo"),
        ("qwen-image-fast", "qwen-image"),
        ("hf/qwen-image-fast", "qwen-image"),
        ("hf/Qwen/Qwen-Image", "Qwen/Qwen-Image"),
        ("dall-e-3", "flux-1-schnell"),
        ("gpt-image-1", "flux-1-schnell"),
        (None, "flux-1-schnell"),
    ],
)
def test_a_model_is_found_by_every_name_it_has(written: str | None, meant: str) -> None:
    assert CATALOG.resolve(written, "flux-1-schnell").models[0].id == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("gemini-3-pro-image", "gemini/gemini-3-pro-image"),
        ("nano-banana", "gemini/gemini-2.5-flash-image"),
        ("black-forest-labs/FLUX.1-dev", "hf-inference/black-forest-labs/FLUX.1-dev"),
        ("black-forest-labs/FLUX.1-schnell", "flux-1-schnell"),
    ],
)
def test_some_go_without_their_prefix_where_nobody_else_is_called_so(
    written: str, meant: str
) -> None:
    assert model(written).id == meant


def test_a_name_without_its_prefix_takes_nothing_from_an_alias_or_a_pool() -> None:
    file = CATALOG.files[[row.id for row in CATALOG.providers].index("gemini")]
    names = Catalog(
        [file], [Alias("nano-banana")], [read_pool("imagen-4", ["gemini/nano-banana-2"])]
    )
    assert names.resolve("nano-banana", "imagen-4-fast").models[0].name == "Imagen 4 Fast"
    assert names.resolve("imagen-4", "").models[0].name == "Gemini 3.1 Flash Image"


def names_of(row: Model) -> list[str]:
    """Everything that callers may write for a model."""
    prefix = f"{row.provider.model_prefix}/"
    bare = [row.id.removeprefix(prefix), *row.aliases]
    return [*(prefix + name for name in bare), *(bare if row.provider.bare_ids else ())]


NAMED = [(name, row.id) for row in CATALOG.models for name in names_of(row)]


@given(st.lists(st.sampled_from(NAMED), min_size=1, max_size=6))
def test_any_list_of_names_means_its_models_in_order_and_each_once(
    named: list[tuple[str, str]],
) -> None:
    names, ids = zip(*named, strict=True)
    found = CATALOG.resolve(names, "z-image-turbo").models
    assert [model.id for model in found] == list(dict.fromkeys(ids))


@given(st.text(max_size=40) | st.sampled_from(NAMED).map(lambda named: named[0] + "~"))
def test_any_other_name_is_refused_as_unknown(name: str) -> None:
    assume(name and not CATALOG.paints(name))
    with pytest.raises(ModelNotFound) as caught:
        CATALOG.resolve(name, "z-image-turbo")
    assert caught.value.param == "model"


def test_a_caller_of_gpt_image_expects_base64() -> None:
    alias = CATALOG.resolve("gpt-image-1", "z-image").alias
    assert alias is not None
    assert alias.response_format == "b64_json"


def test_a_misspelt_model_is_refused_with_near_names() -> None:
    with pytest.raises(ModelNotFound, match="Did you mean flux-1-schnell") as caught:
        CATALOG.resolve("flux1-schnel", "z-image")
    assert (caught.value.status, caught.value.code) == (404, "model_not_found")


def test_a_model_like_no_other_is_refused_with_the_way_to_the_list() -> None:
    with pytest.raises(ModelNotFound, match="GET /v1/models"):
        CATALOG.resolve("xyzzy", "z-image")


SPACES = [row for row in CATALOG.models if row.provider.id == "huggingface"]


@pytest.mark.parametrize("row", SPACES, ids=lambda row: str(row.id))
def test_every_rows_inputs_can_be_filled_from_a_job(row: Model) -> None:
    for upstream in row.upstreams:
        function = SpaceFunction.of(upstream)
        job = ImageJob(
            Operation.GENERATE, row.id, "a cat", Size(1, 2), 3, aspect_ratio="1:1", steps=4,
            guidance_scale=5.0, negative_prompt="", prompt_enhance=True, options={"layer_num": 4},
        )  # fmt: skip
        data = function.data(job, ["/tmp/picture.png"])
        assert not [value for value in data if "{" in str(value) and isinstance(value, str)]
        assert None not in data


def test_the_turbo_model_has_two_spaces() -> None:
    assert len(model("z-image-turbo").upstreams) == 2


@pytest.mark.parametrize(
    ("space", "name"),
    [
        ("luca115/z-image-turbo", "luca115-z-image-turbo"),
        ("black-forest-labs/FLUX.1-schnell", "black-forest-labs-flux-1-schnell"),
        ("AIDC-AI/Ovis-Image-7B", "aidc-ai-ovis-image-7b"),
        ("Qwen/Qwen-Image", "qwen-qwen-image"),
        ("mcp-tools/Qwen-Image-Fast", "mcp-tools-qwen-image-fast"),
    ],
)
def test_a_space_has_the_subdomain_that_hf_space_gives_it(space: str, name: str) -> None:
    assert space_url("https://{subdomain}.hf.space", space) == f"https://{name}.hf.space"


def test_two_models_of_one_name_are_a_mistake_of_the_catalog() -> None:
    with pytest.raises(InvalidCatalog, match="two models"):
        Catalog([*CATALOG.files, ProviderFile(model("z-image").provider, (_renamed(),))])


def _renamed() -> Model:
    return Model(
        id="z-image",
        name="Another",
        provider=model("z-image").provider,
        owned_by="x",
        sizes=model("z-image").sizes,
        upstreams=(),
    )


def test_a_row_that_makes_no_sense_is_reported_with_its_file() -> None:
    with pytest.raises(InvalidCatalog, match=r"broken\.toml"):
        read_provider("broken.toml", {"provider": {}, "model": []})


def test_a_value_out_of_range_is_refused_with_the_range() -> None:
    with pytest.raises(InvalidRequest, match="steps: must be between 1 and 20, not 99"):
        Range(1, 20, 9).choose(99, "steps")
