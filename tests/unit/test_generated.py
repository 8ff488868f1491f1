"""What is written by a program is what the program would write now."""

import json

import pytest

from api import asset, relay_models
from darkroom.catalog.catalog import load_catalog
from local import vendor
from local.documents import PAGE, providers_page

MOST_OPENAPI_BYTES = 290_000


def test_the_page_of_providers_is_not_stale() -> None:
    assert PAGE.read_text("utf-8") == providers_page(load_catalog()), "run `make docs`"


def test_the_openapi_document_is_not_stale() -> None:
    assert asset.PATH.read_text("utf-8") == asset.openapi_json(), "run `make docs`"


def test_the_schemas_of_the_relays_models_are_not_stale() -> None:
    written = relay_models.FILE.read_text("utf-8")
    assert written == relay_models.model_schemas_json(), "run `make docs`"


def test_the_openapi_document_is_small() -> None:
    assert asset.PATH.stat().st_size < MOST_OPENAPI_BYTES


@pytest.mark.parametrize("shelf", vendor.shelves(), ids=lambda shelf: shelf.folder.name)
def test_vendored_files_match_their_packages(shelf: vendor.Shelf) -> None:
    contents = dict(shelf.contents())
    assert {path.name for path in shelf.folder.iterdir()} == set(contents), "run `make vendor`"
    for name, content in contents.items():
        assert (shelf.folder / name).read_bytes() == content, "run `make vendor`"


@pytest.mark.parametrize("shelf", vendor.shelves(), ids=lambda shelf: shelf.folder.name)
def test_a_vendored_version_is_the_locked_one(shelf: vendor.Shelf) -> None:
    note = (shelf.folder / vendor.NOTE).read_text("utf-8")
    for package in shelf.packages:
        there = json.loads((vendor.MODULES / package.name / "package.json").read_text("utf-8"))
        assert f"[{package.name}]({package.source}) | {there['version']} | " in note
