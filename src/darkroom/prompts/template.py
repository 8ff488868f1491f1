"""Prompt templates, from the Markdown files under `templates/`.

A file is front matter between two lines of `---`, and then the system prompt. The front matter has
`name`, `description` and `category`, and may have `thinking_content`, `assistant_content` and
`add_think_block`, which counts as true where it is absent (reference/studio-api.md section 3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

REWRITER = "rewriter"  # the category of those that instruct a text model, and no painter

_FENCE = "---"
_TRUTHS = {"true": True, "false": False}


class InvalidTemplate(ValueError):
    """A template's file cannot be read; the message names it."""


@dataclass(frozen=True, slots=True)
class Template:
    """The texts around a prompt; an empty text is none."""

    name: str
    description: str
    category: str
    system_prompt: str = ""
    thinking_content: str = ""
    assistant_content: str = ""
    add_think_block: bool = True

    @property
    def is_rewriter(self) -> bool:
        """Whether it instructs a text model."""
        return self.category == REWRITER


_FIELDS = {field.name for field in fields(Template)} - {"system_prompt"}


def read_template(source: str, text: str) -> Template:
    """Read a file's text; raises `InvalidTemplate`, `source` being what the file is called."""
    opening, _, rest = text.partition("\n")
    front, fence, body = rest.partition(f"\n{_FENCE}\n")
    if opening != _FENCE or not fence:
        raise InvalidTemplate(f"{source}: no front matter between two lines of {_FENCE}")
    values: dict[str, object] = {"system_prompt": body.strip()}
    for line in front.splitlines():
        key, colon, value = line.partition(": ")
        if not colon or key not in _FIELDS or key in values:
            raise InvalidTemplate(f"{source}: {line!r} is no field, or one that was there already")
        values[key] = value[1:-1] if value[:1] == value[-1:] == '"' else value
    truth = values.pop("add_think_block", "true")
    if truth not in _TRUTHS:
        raise InvalidTemplate(f"{source}: add_think_block must be true or false")
    try:
        return Template(**values, add_think_block=_TRUTHS[truth])  # type: ignore[arg-type]
    except TypeError:
        raise InvalidTemplate(f"{source}: name, description and category are needed") from None


def _read_all(folder: Path) -> Mapping[str, Template]:
    """Those of a folder and of the folders in it, by name, in the order of their paths."""
    templates: dict[str, Template] = {}
    for path in sorted(folder.rglob("*.md")):
        template = read_template(path.name, path.read_text("utf-8"))
        if templates.setdefault(template.name, template) is not template:
            raise InvalidTemplate(f"{path.name}: another template is called {template.name}")
    return templates


TEMPLATES = _read_all(Path(__file__).parent / "templates")
