"""What is written by a program is what the program would write now."""

import json

import pytest

from darkroom.catalog.catalog import load_catalog
from local import vendor
from local.documents import PAGE, providers_page


def test_the_page_of_providers_is_not_stale() -> None:
    assert PAGE.read_text("utf-8") == providers_page(load_catalog()), "run `make docs`"


@pytest.mark.parametrize("name", vendor.FILES)
def test_the_viewer_of_the_api_is_the_packages_own(name: str) -> None:
    assert (vendor.VIEWER / name).read_bytes() == (vendor.PACKAGE / name).read_bytes()


def test_the_viewers_version_is_the_locked_one() -> None:
    assert vendor.NOTE.read_text("utf-8") == vendor.note(), "run `make vendor`"
    package = json.loads((vendor.PACKAGE / "package.json").read_text("utf-8"))
    assert f"- Version: {package['version']}\n" in vendor.note()
    assert {path.name for path in vendor.VIEWER.iterdir()} == {*vendor.FILES, vendor.NOTE.name}
