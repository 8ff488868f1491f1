"""The first screen's examples: their words, and the pictures that stand for them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from darkroom.prompts.template import TEMPLATES
from local import styles
from local.examples import FOLDER, PICTURES
from tests.support.slow import slow

PUBLIC = Path(__file__).parents[2] / "public"
EXAMPLES = json.loads((PUBLIC / "words/examples.json").read_text("utf-8"))
WORDS = [
    json.loads((PUBLIC / f"words/{language}.json").read_text("utf-8"))
    for language in json.loads((PUBLIC / "words/languages.json").read_text("utf-8"))
]
MANIFEST = json.loads((PUBLIC / "manifest.webmanifest").read_text("utf-8"))
MOST_BYTES = 12_000
# What compression takes away, of 255, at an average pixel: another drawing differs by far more.
MOST_DIFFERENCE = 6
MOST_BYTES_OF_STYLES = 60_000
MOST_DIFFERENCE_OF_STYLES = 12  # more are lost of grain at a small size
LEAST_DIFFERENCE = 5


def test_each_example_has_a_picture_and_each_picture_an_example() -> None:
    names = [example["id"] for example in EXAMPLES]
    assert len(names) == 12
    assert set(names) == set(PICTURES) == {path.stem for path in FOLDER.iterdir()} - {"styles"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["id"])
def test_an_example_can_be_painted(example: dict[str, object]) -> None:
    prompts = [words["examples"][example["id"]] for words in WORDS]
    assert len(set(prompts)) == len(prompts)  # each language has its own
    assert example["style"] is None or example["style"] in TEMPLATES
    assert re.fullmatch(r"1:1|4:3|3:2|16:9", str(example["ratio"]))
    assert isinstance(example["seed"], int)


@pytest.mark.parametrize("name", [*[*PICTURES][:3], *slow(*[*PICTURES][3:])])
def test_a_picture_is_the_one_that_its_function_draws(name: str) -> None:
    path = FOLDER / f"{name}.webp"
    assert path.stat().st_size <= MOST_BYTES
    drawn = np.asarray(PICTURES[name](), dtype=float)
    with Image.open(path) as picture:
        kept = np.asarray(picture.convert("RGB"), dtype=float)
    assert drawn.shape == kept.shape
    assert np.abs(drawn - kept).mean() < MOST_DIFFERENCE


def test_each_style_has_a_small_picture_and_a_place_in_the_list_of_them() -> None:
    styles_there_are = [one.name for one in TEMPLATES.values() if not one.is_rewriter]
    assert list(styles.ROWS) == sorted(styles_there_are)
    assert json.loads(styles.LIST.read_text("utf-8")) == list(styles.ROWS)


def test_the_styles_pictures_are_those_that_are_drawn_and_no_two_are_alike() -> None:
    assert styles.PICTURE.stat().st_size <= MOST_BYTES_OF_STYLES
    drawn = np.asarray(styles.sheet(), dtype=float)
    with Image.open(styles.PICTURE) as picture:
        kept = np.asarray(picture.convert("RGB"), dtype=float)
    assert drawn.shape == kept.shape
    assert np.abs(drawn - kept).mean() < MOST_DIFFERENCE_OF_STYLES
    tiles = [
        drawn[top : top + styles.TILE, left : left + styles.TILE]
        for top in range(0, drawn.shape[0], styles.TILE)
        for left in range(0, drawn.shape[1], styles.TILE)
    ][: len(styles.ROWS)]
    apart = [
        np.abs(one - other).mean() for at, one in enumerate(tiles) for other in tiles[at + 1 :]
    ]
    assert min(apart) > LEAST_DIFFERENCE


@pytest.mark.parametrize("screen", MANIFEST["screenshots"], ids=lambda screen: screen["src"])
def test_the_screenshots_are_as_large_as_the_manifest_says(screen: dict[str, str]) -> None:
    with Image.open(PUBLIC / screen["src"]) as picture:
        width, height = picture.size
    assert screen["sizes"] == f"{width}x{height}"


def test_the_installed_page_takes_what_its_service_worker_holds() -> None:
    target = MANIFEST["share_target"]
    worker = (PUBLIC / "share-target.js").read_text("utf-8")
    assert f"${{origin}}{target['action']}`" in worker
    assert f'getAll("{target["params"]["files"][0]["name"]}")' in worker
    assert 'importScripts("share-target.js")' in (PUBLIC / "sw.js").read_text("utf-8")
