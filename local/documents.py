"""Writes what is generated from the code: `make docs`.

These are `docs/providers.md`, `public/openapi.json`, the relay's `model_schemas.json` and MCP's
`tools.json`.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from api import asset, mcp_tools, relay_models
from darkroom.catalog.catalog import Catalog, load_catalog
from darkroom.catalog.channels import url_variables
from darkroom.catalog.model import Model, Range
from darkroom.catalog.provider_row import ProviderRow
from darkroom.settings import variable_prefix

PAGE = Path(__file__).parents[1] / "docs" / "providers.md"
HEAD = """\
# Providers and models

Written by `make docs` from `src/darkroom/catalog/`; a test fails when it is stale. A model is named
by its id or by one of its other names, always with its provider's prefix; those of Hugging Face
Spaces may go without, and where it is said, those of other providers.
"""


COLUMNS = (
    "model", "name", "does", "size", "steps", "guidance scale", "negative prompt", "seed", "format",
)  # fmt: skip


def providers_page(catalog: Catalog) -> str:
    """The whole page."""
    return "\n".join([HEAD, *_pools(catalog), *_providers(catalog)])


def _pools(catalog: Catalog) -> Iterator[str]:
    yield "## Pools\n"
    yield "The models of a pool are tried in order; what a caller may not use is passed over."
    yield "Those of one group change places by how they have done of late in a deployment.\n"
    yield "| id | for | group | models |\n|---|---|---|---|"
    for pool in catalog.pools.values():
        for purpose, groups in pool.orders.items():
            for number, group in enumerate(groups, 1):
                names = ", ".join(f"`{name}`" for name in group)
                if group:
                    yield f"| `{pool.id}` | {purpose.value} | {number} | {names} |"
    yield ""


def _providers(catalog: Catalog) -> Iterator[str]:
    for file in catalog.files:
        yield from _provider(file.provider)
        if file.models:
            yield f"| {' | '.join(COLUMNS)} |"
            yield f"|{'---|' * len(COLUMNS)}"
            yield from (_row(model) for model in file.models)
            yield ""


def _provider(provider: ProviderRow) -> Iterator[str]:
    yield f"## {provider.name}\n"
    needs = "needed" if provider.token_required else "not needed"
    page = f", made at <{provider.token_page}>" if provider.token_page else ""
    yield f"- Token: `{provider.token_prefix}:{provider.token_form}`, {needs}{page}"
    if provider.docs_page:
        yield f"- Described at <{provider.docs_page}>"
    if provider.bare_names:
        yield f"- Names go without `{provider.model_prefix}/` too, where no other model has them"
    if provider.owned:
        yield "- A server of the operator's own: for gateway keys, or for all (`PUBLIC_PROVIDERS`)"
    for name, variable in url_variables(provider).items():
        yield f"- `{variable}`: {f'`{provider.urls[name]}`' if provider.urls[name] else 'not set'}"
    yield f"- `{variable_prefix(provider.id)}_TOKENS`: the operator's own tokens"
    if provider.chat:
        models = ", ".join(f"`{provider.model_prefix}/{name}`" for name in provider.chat.models)
        yield f"- Text: `{provider.model_prefix}/` and any id of the provider's, such as {models}"
    yield ""


def _row(model: Model) -> str:
    names = "".join(f", `{name}`" for name in model.aliases)
    cells = [
        f"`{model.id}`{names}",
        model.name,
        ", ".join(model.operations),
        _size(model),
        _range(model.steps),
        _range(model.guidance_scale),
        "yes" if model.negative_prompt else "no",
        "yes" if model.seed else "no",
        model.image_format or model.provider.image_format or "",
    ]
    return f"| {' | '.join(cells)} |"


def _size(model: Model) -> str:
    words = model.sizes.describe()
    match words["policy"]:
        case "free":
            return f"{words['minimum']} to {words['maximum']}, by {words['multiple']}"
        case "list":
            sizes = words["sizes"]
            assert isinstance(sizes, list)
            return ", ".join(sizes)
        case _:
            ratios, tiers = words["ratios"], words.get("tiers")
            assert isinstance(ratios, dict)
            more = f" in {', '.join(tiers)}" if isinstance(tiers, list) else ""
            return ", ".join(ratios) + more


def _range(span: Range | None) -> str:
    return f"{span.minimum:g} to {span.maximum:g} ({span.default:g})" if span else ""


if __name__ == "__main__":
    PAGE.write_text(providers_page(load_catalog()), "utf-8")
    asset.PATH.write_text(asset.openapi_json(), "utf-8")
    relay_models.FILE.write_text(relay_models.model_schemas_json(), "utf-8")
    mcp_tools.FILE.write_text(mcp_tools.tools_json(), "utf-8")
