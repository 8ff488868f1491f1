"""What is written by a program is what the program would write now."""

from darkroom.catalog.catalog import load_catalog
from local.documents import PAGE, providers_page


def test_the_page_of_providers_is_not_stale() -> None:
    assert PAGE.read_text("utf-8") == providers_page(load_catalog()), "run `make docs`"
