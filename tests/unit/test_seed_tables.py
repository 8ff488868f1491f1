"""The catalog against the published tables, model by model."""

import pytest

from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.model import Model, Range

CATALOG = load_catalog()

# id, name, negative prompt, steps, guidance scale: as the page "Providers & Models" has them.
TABLES = {
    "a4f": """
        provider-4/imagen-3.5 | Imagen 3.5 (provider-4) | No | - | -
        provider-4/imagen-4 | Imagen 4 (provider-4) | No | - | -
        provider-8/imagen-3 | Imagen 3 (provider-8) | No | - | -
        provider-4/flux-schnell | FLUX Schnell (provider-4) | No | - | -
        provider-8/z-image | Z-Image (provider-8) | No | - | -""",
    "gitee": """
        z-image-turbo | Z-Image Turbo | Yes | 1-20 (default: 9) | -
        GLM-Image | GLM Image | Yes | 1-50 (default: 30) | 0-20 (default: 1.5)
        Qwen-Image | Qwen Image | Yes | 4-50 (default: 20) | -
        Qwen-Image-2512 | Qwen Image 2512 | Yes | 1-50 (default: 4) | 0-20 (default: 1)
        flux-1-schnell | FLUX.1 Schnell | No | 1-50 (default: 8) | 0-50 (default: 7.5)
        FLUX_1-Krea-dev | FLUX.1 Krea | No | 1-50 (default: 20) | 0-20 (default: 4.5)
        FLUX.1-dev | FLUX.1 | No | 1-50 (default: 20) | 0-20 (default: 4.5)""",
    "hf": """
        z-image-turbo | Z-Image Turbo | No | 1-20 (default: 9) | -
        qwen-image-fast | Qwen Image Fast | No | 4-28 (default: 8) | -
        ovis-image | Ovis Image | No | 1-50 (default: 24) | -
        flux-1-schnell | FLUX.1 Schnell | No | 1-50 (default: 8) | -""",
    "ms": """
        Tongyi-MAI/Z-Image-Turbo | Z-Image Turbo | Yes | 1-20 (default: 9) | -
        Qwen/Qwen-Image-2512 | Qwen Image 2512 | Yes | 1-50 (default: 4) | -
        black-forest-labs/FLUX.2-dev | FLUX.2 | Yes | 1-50 (default: 24) | 1-10 (default: 3.5)
        black-forest-labs/FLUX.1-Krea-dev | FLUX.1 Krea | Yes | 1-50 (default: 24) | 1-20 (default: 3.5)
        MusePublic/489_ckpt_FLUX_1 | FLUX.1 | Yes | 1-50 (default: 24) | 1-20 (default: 3.5)""",
}
ROWS = [
    (prefix, *[cell.strip() for cell in line.split("|")])
    for prefix, table in TABLES.items()
    for line in table.strip().splitlines()
]


def described(span: Range | None) -> str:
    if span is None:
        return "-"
    return f"{span.minimum:g}-{span.maximum:g} (default: {span.default:g})"


def find(name: str) -> Model:
    model = CATALOG.find(name)
    assert model is not None, name
    return model


@pytest.mark.parametrize(("prefix", "name", "title", "negative", "steps", "guidance"), ROWS)
def test_a_row_is_that_of_the_published_table(
    prefix: str, name: str, title: str, negative: str, steps: str, guidance: str
) -> None:
    model = find(f"{prefix}/{name}")
    assert model.name == title
    assert ("Yes" if model.negative_prompt else "No") == negative
    assert described(model.steps) == steps
    assert described(model.guidance_scale) == guidance


@pytest.mark.parametrize(
    ("provider", "prefix", "required", "image_format"),
    [
        ("a4f", "a4f", True, "png"),
        ("gitee", "gitee", True, "png"),
        ("huggingface", "hf", False, "webp"),
        ("modelscope", "ms", True, "png"),
    ],
)
def test_a_provider_is_that_of_the_overview(
    provider: str, prefix: str, required: bool, image_format: str
) -> None:
    row = next(row for row in CATALOG.providers if row.id == provider)
    assert (row.token_prefix, row.token_required, row.image_format) == (
        prefix, required, image_format,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("gitee/qwen-image", "gitee/Qwen-Image"),
        ("gitee/flux-1-krea-dev", "gitee/FLUX_1-Krea-dev"),
        ("gitee/flux-1-dev", "gitee/FLUX.1-dev"),
        ("ms/z-image-turbo", "ms/Tongyi-MAI/Z-Image-Turbo"),
        ("ms/flux-2", "ms/black-forest-labs/FLUX.2-dev"),
        ("ms/flux-1-krea-dev", "ms/black-forest-labs/FLUX.1-Krea-dev"),
        ("ms/flux-1", "ms/MusePublic/489_ckpt_FLUX_1"),
        ("a4f/provider-8/z-image", "a4f/provider-8/z-image"),
    ],
)
def test_an_alias_of_the_examples_is_known(written: str, meant: str) -> None:
    assert find(written).id == meant


# What the page "Provider Endpoints" names beside those.
@pytest.mark.parametrize(
    "name",
    ["z-image", "qwen-image", "siliconflow/Qwen/Qwen-Image", "siliconflow/Kwai-Kolors/Kolors"],
)
def test_the_other_models_of_the_endpoints_are_there(name: str) -> None:
    find(name)


@pytest.mark.parametrize(
    ("provider", "default"),
    [
        ("pollinations", "openai-fast"),
        ("gitee", "DeepSeek-V3.2"),
        ("modelscope", "deepseek-ai/DeepSeek-V3.2"),
        ("a4f", "provider-3/deepseek-v3"),
        ("deepseek", "deepseek-chat"),
    ],
)
def test_each_provider_of_text_has_its_default(provider: str, default: str) -> None:
    row = next(row for row in CATALOG.providers if row.id == provider)
    assert row.chat is not None
    assert row.chat.default_model == default
