"""The files of the page: what they may hold, and what they must name."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PUBLIC = Path(__file__).parents[2] / "public"
INDEX = (PUBLIC / "index.html").read_text("utf-8")
OWN = sorted(
    path
    for path in PUBLIC.rglob("*")
    if path.suffix in (".js", ".css", ".html")
    and path.relative_to(PUBLIC).parts[0] not in ("docs", "vendor")
)
MODULES = [path for path in OWN if path.suffix == ".js"]
WORDS = {
    language: json.loads((PUBLIC / f"words/{language}.json").read_text("utf-8"))
    for language in ("en", "zh")
}

MOST_BYTES = 260_000
MOST_LINES = 250
COMMENT = re.compile(r"/\*.*?\*/|<!--.*?-->|^\s*//[^\n]*$", re.DOTALL | re.MULTILINE)
IMPORT = re.compile(r'\b(?:from|import)\s*\(?\s*"(\.[^"]+)"')
LINK = re.compile(r'<link rel="([\w-]+)"(?: as="(\w+)")? href="([^"]+)"')
HTML_FROM_TEXT = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML|\beval\("
)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# What is the same in both languages: names, and sentences that are holes alone.
NOT_CHINESE = {"app.api"}


def name_of(path: Path) -> str:
    return path.relative_to(PUBLIC).as_posix()


def imported_from(start: str) -> set[str]:
    """All that a module imports, however indirectly, and itself."""
    seen, ahead = set[str](), [start]
    while ahead:
        if (name := ahead.pop()) in seen:
            continue
        seen.add(name)
        path = PUBLIC / name
        if path.suffix == ".js":
            found = IMPORT.findall(path.read_text("utf-8"))
            ahead += [name_of((path.parent / there).resolve()) for there in found]
    return seen


def sentences(language: str) -> Iterator[tuple[str, str]]:
    for section, words in WORDS[language].items():
        for key, sentence in words.items():
            yield f"{section}.{key}", sentence


def links(rel: str) -> list[str]:
    return [href for kind, _, href in LINK.findall(INDEX) if kind == rel]


def test_the_pages_own_code_stays_below_its_limit() -> None:
    """As it is served, before compression, but for the comments that explain it."""
    code = (COMMENT.sub("", path.read_text("utf-8")) for path in OWN)
    assert sum(len(text.encode()) for text in code) < MOST_BYTES


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_stays_below_the_limit_of_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", OWN, ids=name_of)
def test_no_code_makes_html_from_text(path: Path) -> None:
    assert HTML_FROM_TEXT.findall(path.read_text("utf-8")) == []


def test_one_module_alone_asks_the_network() -> None:
    asking = [name_of(path) for path in MODULES if re.search(r"\bfetch\(", path.read_text("utf-8"))]
    assert asking == ["scripts/gateway/send.js", "sw.js"]


def test_the_document_has_no_style_or_script_within() -> None:
    assert not re.search(r"\sstyle=|\son\w+=|<style", INDEX)
    assert re.findall(r"<script[^>]*>([^<]*)</script>", INDEX) == [""]


def test_every_stylesheet_is_linked_once() -> None:
    assert sorted(links("stylesheet")) == [
        name_of(path) for path in OWN if path.suffix == ".css"
    ]  # fmt: skip


def test_all_that_is_imported_is_named_ahead_so_that_nothing_waits_for_imports() -> None:
    expected = sorted(imported_from("scripts/main.js") - {"scripts/main.js"})
    assert links("modulepreload") == expected
    assert [(kind, href) for _, kind, href in LINK.findall(INDEX) if kind] == [
        ("json", href) for href in expected if href.endswith(".json")
    ]


def test_every_file_that_the_document_names_exists() -> None:
    """The service worker keeps what the document names: one file that is missing, and none is."""
    named = re.findall(r'(?:href|src)="([^"]+)"', INDEX)
    assert [href for href in named if not (PUBLIC / href).is_file()] == []
    assert len(named) == len(set(named))


def test_the_icons_of_an_installed_page_are_there() -> None:
    manifest = json.loads((PUBLIC / "manifest.webmanifest").read_text("utf-8"))
    icons = {icon["src"]: icon for icon in manifest["icons"]}
    for src, icon in icons.items():
        head = (PUBLIC / src).read_bytes()[:24]
        side = int.from_bytes(head[16:20], "big")
        assert icon["sizes"] == f"{side}x{side}"
    assert {icon["sizes"] for icon in icons.values()} == {"192x192", "512x512"}
    assert "maskable" in {icon.get("purpose") for icon in icons.values()}


def test_both_languages_have_the_same_words_with_the_same_holes() -> None:
    def holes(language: str) -> dict[str, list[str]]:
        return {key: sorted(set(re.findall(r"\{\w+\}", text))) for key, text in sentences(language)}

    english, chinese = holes("en"), holes("zh")
    assert list(english) == list(chinese)
    # A single one may be counted in one language and spelled out in the other.
    ones = {key for key in english if key.endswith("One")}
    assert {key: english[key] for key in english.keys() - ones} == {
        key: chinese[key] for key in chinese.keys() - ones
    }


def test_chinese_texts_are_in_chinese_and_english_ones_are_not() -> None:
    foreign = {key for key, text in sentences("zh") if not CHINESE.search(text)}
    assert foreign <= NOT_CHINESE
    assert not [key for key, text in sentences("en") if CHINESE.search(text)]
