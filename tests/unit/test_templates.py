"""The templates and rewriters that come along."""

import re
from pathlib import Path

import pytest

from darkroom.prompts import template as module
from darkroom.prompts.template import TEMPLATES, InvalidTemplate, Template, read_template

FOLDER = Path(module.__file__).parent / "templates"
SHOWN = [template for template in TEMPLATES.values() if not template.is_rewriter]
REWRITERS = [template for template in TEMPLATES.values() if template.is_rewriter]
CATEGORIES = set(
    "3d abstract adventure aesthetic art atmosphere character creative experimental fantasy fusion "
    "game general horror liminal photography scientific scifi spiritual structured style technical "
    "text wacky weirdcore western".split()
)
# Trade marks, names of living artists, and words that hurt: none belongs into a text of ours.
BANNED = re.compile(
    r"\b(?:adobe|barbie|canon|claymation|coca|disney|dreamworks|ghibli|greg|hasselblad|ikea|imax"
    r"|instagram|kodak\w*|kodachrome|leica|lego|linkedin|marvel|minecraft|miyazaki|nikon|nintendo"
    r"|octane|photoshop|pixar|playstation|pokemon|polaroid|portra|powerpoint|risograph|rutkowski"
    r"|shrek|simpsons|sony|styrofoam|technicolor|tiktok|trending|unreal|vhs|warhammer|xerox|youtube"
    r"|wes anderson|bob ross|tim burton|banksy|hockney|murakami|kusama|artstation|midjourney"
    r"|cripple|crazy|dumb|exotic|gypsy|idiot\w*|insane|lunatic|moron\w*|oriental|primitive|retard\w*"
    r"|savage\w*|stupid|tribal|ugly)\b",
    re.IGNORECASE,
)


def test_there_are_enough_of_them_in_every_category() -> None:
    assert len(SHOWN) >= 60
    assert {template.category for template in SHOWN} == CATEGORIES
    assert len(CATEGORIES) == 26


def test_the_names_of_the_examples_are_there() -> None:
    categories = {"default": "general", "photorealistic": "photography", "artistic": "art"}
    for name, category in categories.items():
        assert TEMPLATES[name].category == category
    assert TEMPLATES["default"].system_prompt == ""
    names = [template.name for template in REWRITERS]
    assert {
        "rewriter_character_generator",
        "rewriter_detailed_captioner",
        "rewriter_official",
    } <= set(names)
    assert names == sorted(names)


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda template: template.name)
def test_a_template_is_fit_to_print(template: Template) -> None:
    assert re.fullmatch(r"[a-z0-9]+(?:_[a-z0-9]+)*", template.name)
    folder = FOLDER / "rewriter" if template.is_rewriter else FOLDER
    assert (folder / f"{template.name}.md").is_file()
    assert 10 <= len(template.description) <= 90
    assert not template.description.endswith(".")
    whole = f"{template.name.replace('_', ' ')} {template.description} {template.system_prompt}"
    assert not BANNED.search(whole), BANNED.search(whole)
    assert "  " not in whole
    if template.name != "default":
        assert 150 <= len(template.system_prompt) <= (2000 if template.is_rewriter else 800)
        assert template.system_prompt.endswith((".", "}"))


def test_no_two_templates_have_the_same_texts() -> None:
    for field in ("description", "system_prompt"):
        texts = [getattr(template, field) for template in TEMPLATES.values()]
        assert len(set(texts)) == len(texts)
    openings = [" ".join(template.system_prompt.split()[:6]) for template in TEMPLATES.values()]
    assert len(set(openings)) == len(openings)


def test_those_for_painters_open_no_think_block() -> None:
    assert not any(template.add_think_block for template in SHOWN)


FRONT = "---\nname: a\ndescription: b\ncategory: c\n"


def test_a_file_is_read_field_by_field() -> None:
    text = (
        FRONT.replace("b", '"x: y"')
        + "thinking_content: T\nadd_think_block: false\n---\n\n one\n\ntwo \n"
    )
    expected = Template("a", "x: y", "c", "one\n\ntwo", "T", "", False)
    assert read_template("a.md", text) == expected


def test_a_think_block_is_added_by_default() -> None:
    assert read_template("a.md", FRONT + "---\n") == Template("a", "b", "c", add_think_block=True)


@pytest.mark.parametrize(
    "text",
    [
        "", "a text", "---\nname: a\n", FRONT, FRONT + "colour: red\n---\n", FRONT + "name: b\n---\n",
        FRONT + "system_prompt: x\n---\n", FRONT + "add_think_block: maybe\n---\n",
        FRONT + "no colon\n---\n", "---\nname: a\n---\n",
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(InvalidTemplate, match=r"a\.md"):
        read_template("a.md", text)
