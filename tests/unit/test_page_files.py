"""The files of the page: what they may hold, and what they must name."""

import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom.prompts.template import TEMPLATES
from local.fold import fold, scripts

PUBLIC = Path(__file__).parents[2] / "public"
INDEX = (PUBLIC / "index.html").read_text("utf-8")
OWN = sorted(
    path
    for path in PUBLIC.rglob("*")
    if path.suffix in (".js", ".css", ".html")
    and path.relative_to(PUBLIC).parts[0] not in ("docs", "vendor")
)
MODULES = [path for path in OWN if path.suffix == ".js"]
LANGUAGES = json.loads((PUBLIC / "words/languages.json").read_text("utf-8"))
WORDS = {
    language: json.loads((PUBLIC / f"words/{language}.json").read_text("utf-8"))
    for language in LANGUAGES
}
FOREIGN = [language for language in LANGUAGES if language != "en"]

MOST_BYTES = 260_000
MOST_BYTES_AT_FIRST = 260_000  # over the wire, before pictures
MOST_LINES = 250
COMMENT = re.compile(r"/\*.*?\*/|<!--.*?-->|^\s*//[^\n]*$", re.DOTALL | re.MULTILINE)
IMPORT = re.compile(r'\b(?:from|import)\s*"(\.[^"]+)"')
LATER = re.compile(r'\bimport\(\s*"(\.[^"]+)"')
LINK = re.compile(r'<link rel="([\w-]+)"(?: as="(\w+)")? href="([^"]+)"')
HTML_FROM_TEXT = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML|\beval\("
)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
KANA = re.compile(r"[\u3040-\u30ff]")
# What is the same in all languages: names, and sentences that are holes alone.
NOT_CHINESE = {"app.api"}
WORDS_OF = re.compile(r'\bwordsOf\("(\w+)"\)')


def name_of(path: Path) -> str:
    return path.relative_to(PUBLIC).as_posix()


def imported_from(*starts: str) -> set[str]:
    """All that modules import, however indirectly, and themselves; not what they load later."""
    seen, ahead = set[str](), [*starts]
    while ahead:
        if (name := ahead.pop()) in seen:
            continue
        seen.add(name)
        path = PUBLIC / name
        if path.suffix == ".js":
            ahead += named_by(IMPORT, path)
    return seen


def named_by(pattern: re.Pattern[str], path: Path) -> list[str]:
    code = COMMENT.sub("", path.read_text("utf-8"))
    return [name_of((path.parent / there).resolve()) for there in pattern.findall(code)]


def sentences(language: str) -> Iterator[tuple[str, str]]:
    for section, words in WORDS[language].items():
        for key, sentence in words.items():
            yield f"{section}.{key}", sentence


def links(rel: str, text: str = INDEX) -> list[str]:
    return [href for kind, _, href in LINK.findall(text) if kind == rel]


def template() -> str:
    """The part of the document that loads nothing."""
    found = re.search(r"<template>.*?</template>", INDEX, re.DOTALL)
    assert found
    return found[0]


def holes(language: str) -> dict[str, list[str]]:
    return {key: sorted(set(re.findall(r"\{\w+\}", text))) for key, text in sentences(language)}


def test_the_pages_code_stays_below_its_limit(tmp_path: Path) -> None:
    """As it is served, before compression, with what comes from packages."""
    fold(tmp_path / "public")
    served = [
        *(tmp_path / "public").glob("r/*/scripts/*.js"),
        *(tmp_path / "public").glob("r/*/styles/*.css"),
        *(tmp_path / "public").glob("*.html"),
        *(tmp_path / "public").glob("*.js"),
    ]
    assert len(served) >= 6
    assert sum(path.stat().st_size for path in served) < MOST_BYTES


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
    assert re.findall(r"<script[^>]*>([^<]*)</script>", INDEX) == ["", ""]


def test_every_stylesheet_is_linked_once() -> None:
    assert sorted(links("stylesheet")) == [
        name_of(path) for path in OWN if path.suffix == ".css"
    ]  # fmt: skip


def test_all_that_is_imported_is_named_ahead_so_that_nothing_waits_for_imports() -> None:
    """`python -m local.modules` writes these lists."""
    first = imported_from("scripts/main.js")
    later, ahead = set[str](), set(first)
    while ahead := {there for name in ahead for there in named_by(LATER, PUBLIC / name)} - later:
        ahead = imported_from(*ahead) - first
        later |= ahead
    assert links("modulepreload", INDEX.replace(template(), "")) == sorted(
        first - {"scripts/main.js"}
    )
    assert links("modulepreload", template()) == sorted(later)
    named = {href for kind, _, href in LINK.findall(INDEX) if kind == "modulepreload"}
    as_json = {href for _, kind, href in LINK.findall(INDEX) if kind == "json"}
    assert as_json == {href for href in named if href.endswith(".json")}


def test_what_is_rarely_used_is_not_loaded_at_first() -> None:
    folders = {href.split("/")[1] for href in links("modulepreload", template())}
    assert folders >= {"edit", "layers", "compare", "gallery", "keys"}


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


@pytest.mark.parametrize("language", FOREIGN)
def test_a_language_has_the_words_of_english_with_the_same_holes(language: str) -> None:
    english, foreign = holes("en"), holes(language)
    assert [key for key in english if key not in foreign] == [], f"missing in {language}.json"
    assert [key for key in foreign if key not in english] == [], f"unknown in {language}.json"
    # A single one may be counted in one language and spelled out in another.
    assert [
        key for key in english if english[key] != foreign[key] and not key.endswith("One")
    ] == []


def test_every_word_is_used_and_every_word_that_is_used_is_there() -> None:
    """A word is used by its key, or, where keys come from data, within its section's modules."""
    text = "\n".join(COMMENT.sub("", path.read_text("utf-8")) for path in MODULES)
    assert set(WORDS_OF.findall(text)) == set(WORDS["en"])
    used = set(re.findall(r"\w+", text))
    keys = [(section, key) for section in WORDS["en"] for key in WORDS["en"][section]]
    # Named by what the gateway tells of a model, and by examples.json.
    told = {
        *WORDS["en"]["hints"],
        *WORDS["en"]["examples"],
        "input_fidelity",
        "safety_tolerance",
        "moderation",
    }
    assert [f"{section}.{key}" for section, key in keys if key not in used | told] == []
    known = {key for _, key in keys}
    assert sorted(set(re.findall(r"\bwords\.(\w+)", text)) - known) == []


def test_the_first_form_speaks_each_language_before_any_script_is_there() -> None:
    assert f'data-languages="{" ".join(LANGUAGES)}"' in INDEX
    for key, element in {"form.prompt": "label", "create.generate": "button"}.items():
        tag = re.search(rf"<{element}[^>]*>[^<]*", INDEX)
        assert tag
        words = {language: dict(sentences(language))[key] for language in LANGUAGES}
        assert dict(re.findall(r'data-(\w\w)="([^"]*)"', tag[0])) == {
            language: words[language] for language in FOREIGN
        }
        assert tag[0].endswith(f">{words['en']}")


def test_languages_are_written_in_their_own_letters() -> None:
    foreign = {key for key, text in sentences("zh") if not CHINESE.search(text)}
    assert foreign <= NOT_CHINESE
    japanese = [
        key for key, text in sentences("ja") if not (KANA.search(text) or CHINESE.search(text))
    ]
    assert set(japanese) <= NOT_CHINESE
    for language in ("en", "es", "de"):
        assert not [key for key, text in sentences(language) if CHINESE.search(text)], language


def test_every_style_and_category_has_a_chinese_name_and_description() -> None:
    named = json.loads((PUBLIC / "words/styles.zh.json").read_text("utf-8"))
    assert set(named["styles"]) == {template.name for template in TEMPLATES.values()}
    assert set(named["categories"]) == {template.category for template in TEMPLATES.values()}
    names = [
        *named["categories"].values(),
        *(part for pair in named["styles"].values() for part in pair),
    ]
    assert [name for name in names if not CHINESE.search(name)] == []


def test_the_folded_page_is_named_by_its_content_and_light_at_first(tmp_path: Path) -> None:
    release = fold(tmp_path / "one")
    assert fold(tmp_path / "two") == release
    folder = tmp_path / "one"
    document = (folder / "index.html").read_text("utf-8")
    assert f'data-release="{release}"' in document
    named = re.findall(r'(?:href|src)="([^"]+)"', document)
    assert [href for href in named if not (folder / href).is_file()] == []
    assert {href for href in named if href.startswith(("scripts", "styles", "vendor"))} == set()
    sent = [folder / "index.html", *(folder / href for href in named)]
    largest = max((folder / f"r/{release}/words/{language}.json" for language in FOREIGN), key=size)
    assert sum(size(path) for path in [*sent, largest]) < MOST_BYTES_AT_FIRST
    assert len(named) < 12


def size(path: Path) -> int:
    """As it travels."""
    return len(gzip.compress(path.read_bytes(), mtime=0))


def test_the_folded_scripts_are_modules_that_a_browser_can_read(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is left out: it is not installed")
    for name, text in scripts().items():
        path = tmp_path / f"{Path(name).stem}.mjs"
        path.write_text(text, "utf-8")
        checked = subprocess.run([node, "--check", path], capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr.decode()


def test_browsers_keep_a_release_for_good_and_licences_stay(tmp_path: Path) -> None:
    release = fold(tmp_path / "public")
    rules = (tmp_path / "public/_headers").read_text("utf-8")
    assert "/r/*\n  Cache-Control: public, max-age=31536000, immutable" in rules
    assert not (tmp_path / "public/scripts").exists()
    assert (tmp_path / f"public/r/{release}/scripts/main.js").is_file()
    assert list((tmp_path / "public/vendor").glob("*.LICENSE"))
