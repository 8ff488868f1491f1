"""Prompt rewriters under the names that a studio's clients know, and `REWRITER_MODELS`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from darkroom.environment import Environment
from darkroom.errors import Misconfigured
from darkroom.settings import read_json

DEFAULT_TEXT_MODEL = "default"  # stands for the text model of callers who name none

EXAMPLE = '{"qwen3-4b": "deepseek/deepseek-chat", "qwen3-vl": "qwen/qwen-vl-max"}'


@dataclass(frozen=True, slots=True)
class Rewriter:
    """A name for text models, which are tried in order; without any there is no such rewriter.

    `supports_image` says that they see, and that they may be sent a picture without a word.
    """

    id: str
    title: str
    models: tuple[str, ...]
    supports_image: bool = False

    @property
    def name(self) -> str:
        """The name that people are shown."""
        return self.title.replace("{model}", self.models[0] if self.models else self.id)


class _Entry(BaseModel):
    """The settings that `REWRITER_MODELS` may give a name beside its models."""

    model_config = ConfigDict(extra="forbid")

    model: Annotated[str, Field(min_length=1)] | Annotated[list[str], Field(min_length=1)]
    name: str | None = None
    supports_image: bool | None = None


_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]+$", max_length=60)]
_ENTRIES = TypeAdapter(dict[_Name, _Entry])


def read_rewriters(document: Mapping[str, Any]) -> Sequence[Rewriter]:
    """The rows of the catalog's file."""
    return [
        Rewriter(row["id"], row["name"], tuple(row["models"]), row.get("supports_image", False))
        for row in document["rewriter"]
    ]


def configure_rewriters(rewriters: Mapping[str, Rewriter], env: Environment) -> Sequence[Rewriter]:
    """The rewriters as this deployment has them; raises `Misconfigured` for a wrong setting.

    `REWRITER_MODELS` gives a name a text model, several that are tried in order, or an object with
    these as `model`, and perhaps `name` and `supports_image`.
    """
    requested = read_json(env, "REWRITER_MODELS") or {}
    if isinstance(requested, dict):  # {"a": "x/y"} as well as {"a": {"model": "x/y"}}
        requested = {
            name: {"model": entry} if isinstance(entry, str | list) else entry
            for name, entry in requested.items()
        }
    try:
        entries = _ENTRIES.validate_python(requested)
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_url=False)[0]["loc"][:2]))
        at = f"; {where[:80]} is wrong" if where else ""
        raise Misconfigured(f"REWRITER_MODELS must be JSON such as {EXAMPLE}{at}") from None
    changed = {name: _changed(name, entry, rewriters) for name, entry in entries.items()}
    return list({**rewriters, **changed}.values())


def _changed(name: str, entry: _Entry, rewriters: Mapping[str, Rewriter]) -> Rewriter:
    models = (entry.model,) if isinstance(entry.model, str) else tuple(entry.model)
    known = rewriters.get(name, Rewriter(name, name, ()))
    return replace(
        known,
        title=entry.name or known.title,
        models=models,
        supports_image=(
            known.supports_image if entry.supports_image is None else entry.supports_image
        ),
    )
