"""The lists of models, samplers and upscalers, most of them fixed."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from darkroom.context import Handler, RequestContext
from darkroom.dialects.a1111.checkpoints import checkpoints_for, upscale_models
from darkroom.errors import InvalidRequest
from darkroom.http import Reply
from darkroom.json_writer import json_parts

_FILE = tomllib.loads((Path(__file__).parent / "lists.toml").read_text("utf-8"))


def _items(name: str) -> Sequence[Mapping[str, Any]]:
    fields = _FILE[name]["fields"]
    return [{field: item.get(field) for field in fields} for item in _FILE[name]["items"]]


# The answers that are the same for everybody.
FIXED: Mapping[str, object] = {
    name: _items(name) if "items" in value else value
    for name, value in _FILE.items()
    if name != "upscalers"
}


def _folded(name: str) -> str:
    """A sampler's name as it is compared: `DPM++ 2M`, `dpm++2m`, `k_dpmpp_2m` and so on."""
    plain = name.strip().lower().removeprefix("k_").replace("++", "pp")
    return "".join(letter for letter in plain if letter.isalnum())


_SAMPLERS = {
    _folded(spelling): item["name"]
    for item in _FILE["samplers"]["items"]
    for spelling in (item["name"], *item["aliases"])
}
_SCHEDULERS = {
    spelling.lower(): item["label"]
    for item in _FILE["schedulers"]["items"]
    for spelling in (item["name"], item["label"], *item.get("aliases", ()))
}
_STYLES = {item["name"]: item for item in _FILE["prompt-styles"]["items"]}
_UPSCALERS = {item["name"]: tuple(item.get("models", ())) for item in _FILE["upscalers"]["items"]}


def json_reply(value: object, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer in JSON, in which `TextBlob`s may stand."""
    reported = {"content-type": "application/json", "cache-control": "no-store", **(headers or {})}
    return Reply(200, reported, json_parts(value))


def always(value: object) -> Handler:
    """A handler that answers everybody the same."""

    async def answer(context: RequestContext) -> Reply:
        return json_reply(value)

    return answer


async def list_checkpoints(context: RequestContext) -> Reply:
    """`sd-models`: the models that this caller may use."""
    _ = context.caller  # raises for callers without access
    return json_reply([point.describe() for point in checkpoints_for(context)])


async def list_upscalers(context: RequestContext) -> Reply:
    """`upscalers`: the server's own names, and the catalog's models."""
    _ = context.caller  # raises for callers without access
    rest = dict.fromkeys(_FILE["upscalers"]["fields"])
    models = [
        {**rest, "name": model.id, "model_name": model.name, "scale": float(model.scale)}
        for model in upscale_models(context)
    ]
    return json_reply([*_items("upscalers"), *models])


def find_sampler(name: str, scheduler: str | None) -> tuple[str, str]:
    """A sampler and its scheduler by their own names.

    Before the two were separate fields `DPM++ 2M Karras` was one name. Raises `InvalidRequest` for
    a sampler that the server would not know either; an unknown scheduler is the automatic one.
    """
    label = _SCHEDULERS.get((scheduler or "").lower(), "Automatic")
    if _folded(name) not in _SAMPLERS:
        head, _, tail = name.rpartition(" ")
        if tail.lower() in _SCHEDULERS:
            name, label = head, _SCHEDULERS[tail.lower()]
    known = _SAMPLERS.get(_folded(name))
    if known is None:
        raise InvalidRequest("Sampler not found", param="sampler_name")
    return known, label


def apply_styles(prompt: str, negative_prompt: str, names: Sequence[str]) -> tuple[str, str]:
    """Both prompts with the styles of these names; the server passes over unknown ones too."""
    for name in names:
        if style := _STYLES.get(name):
            prompt = _merge(style["prompt"], prompt)
            negative_prompt = _merge(style["negative_prompt"], negative_prompt)
    return prompt, negative_prompt


def upscaler_models(name: str) -> Sequence[str] | None:
    """The models that stand for an upscaler, in order; None for a name that is none of them."""
    return _UPSCALERS.get(name)


def upscaler_names() -> Sequence[str]:
    """The names that the server has for its upscalers."""
    return tuple(_UPSCALERS)


def _merge(style: str, prompt: str) -> str:
    if "{prompt}" in style:
        return style.replace("{prompt}", prompt)
    return ", ".join(filter(None, (prompt.strip(), style.strip())))
