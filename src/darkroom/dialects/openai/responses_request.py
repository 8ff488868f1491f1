"""A parser of a Responses API request into an image request.

Source: reference/wire-formats.md B3.7. What the image_generation tool holds comes before what
stands beside it; both may hold any field of an image request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from darkroom.context import RequestContext
from darkroom.dialects.openai.kept_pictures import PREVIOUS, PictureId
from darkroom.dialects.openai.responses_input import SentPicture, Wanted, read_input, text_of
from darkroom.errors import InvalidRequest
from darkroom.generation.default_models import models_meant, paints
from darkroom.generation.parameters import SPELLINGS, ParsedBody, read_body
from darkroom.job import Operation
from darkroom.json_writer import TextBlob

TOOL = "image_generation"
MAX_NAME_CHARS = 80

# The values that the wire knows; what a field holds beyond them is not repeated to the caller.
WORDS: Mapping[str, tuple[str, ...]] = {
    "background": ("transparent", "opaque", "auto"),
    "input_fidelity": ("high", "low"),
    "moderation": ("auto", "low"),
    "output_format": ("png", "webp", "jpeg", "gif", "svg"),
    "quality": ("low", "medium", "high", "xhigh", "max", "auto"),
}
_REPEATED = (*WORDS, "model", "output_compression", "partial_images", "size")

_FROM_ELSEWHERE = {
    "conversation": "conversations are not kept here. Send their items in input.",
    "prompt": "templates are not kept here. Write what is to be painted in input.",
}
# Fields that are read here, or have nothing to bring about.
_READ_HERE = (
    *_FROM_ELSEWHERE, "input", "instructions", "metadata", "model", "parallel_tool_calls", "tools",
    "tool_choice", "action", "response_format", "store", PREVIOUS,
)  # fmt: skip
# Values that ask for what is so in any case.
_ANYWAY: Mapping[str, tuple[object, ...]] = {
    "background": (False, True),
    "service_tier": ("auto", "default"),
    "truncation": ("disabled",),
}
# Fields that mean something else beside the tool than within it, where they hold an object.
_ANOTHER_MATTER = ("image", "moderation")


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """A parsed request for a response.

    `repeated` are the fields of the answer that say again what the request said, `no_effect` is
    what of it has none, beside the fields of the image request. `kept` is the picture to work on
    where it was named by an id, `named` are ids that have to mean something in any case: of the
    response before, and of the call that answered the input already where one `is_answered`, which
    is not to be painted. `store` says whether what is painted may be kept.
    """

    read: ParsedBody
    repeated: Mapping[str, object]
    no_effect: tuple[str, ...]
    kept: PictureId | None = None
    named: tuple[PictureId, ...] = ()
    is_answered: bool = False
    store: bool = True


def read_request(body: Mapping[str, Any], context: RequestContext) -> ParsedRequest:
    """Read a body; raises `InvalidRequest` naming the field that is wrong or not to be had here."""
    _refuse_what_is_elsewhere(body)
    tool, place, other_tools = _find_tool(body.get("tools"))
    model = _choose_model(body, tool, context)
    _check_choice(body.get("tool_choice"))
    instructions = _read_instructions(body.get("instructions"))
    previous = _read_previous(body.get(PREVIOUS))
    wanted = read_input(body.get("input"), previous)
    action = tool.get("action") or body.get("action") or "auto"
    action_name = f"{place}.action" if tool.get("action") else "action"
    pictures = (
        () if wanted.is_answered else choose_pictures(wanted, action, model, context, action_name)
    )
    kept = _id_of(pictures)
    guidance = (instructions or "", *wanted.guidance, wanted.words)
    document = {
        **_beside_the_tool(body),
        **_within_the_tool(tool),
        "model": model,
        "prompt": "\n\n".join(filter(str.strip, guidance)),
        "input_image": [] if kept else [picture.value for picture in pictures],
        "response_format": "b64_json",
    }
    field_aliases = {
        **{SPELLINGS.get(name, name): f"{place}.{name}" for name in _within_the_tool(tool)},
        "prompt": "input",
        "image": pictures[0].where if len(pictures) == 1 else "input",
    }
    read = read_body(document, renamed=field_aliases)
    passed_over = [p.where for p in (*wanted.pictures, *wanted.earlier) if p not in pictures]
    latest = _id_of(wanted.earlier) if wanted.is_answered else None
    return ParsedRequest(
        read,
        _repeat(body, instructions, read, action),
        (*_no_effect(body, model), *other_tools, *wanted.no_effect, *passed_over),
        kept,
        tuple(filter(None, (previous, latest))),
        wanted.is_answered,
        _read_store(body.get("store")),
    )


def _refuse_what_is_elsewhere(body: Mapping[str, Any]) -> None:
    refused = {name: words for name, words in _FROM_ELSEWHERE.items() if body.get(name)}
    for name, words in refused.items():
        raise InvalidRequest(f"{name}: {words}", param=name, code="unsupported_parameter")


def _find_tool(tools: object) -> tuple[Mapping[str, Any], str, list[str]]:
    """The fields of the first image_generation tool, its place, and the names of all others."""
    known = tools if isinstance(tools, list) else []
    typed = [t for t in known if isinstance(t, Mapping) and isinstance(t.get("type"), str)]
    if (tools is not None and not isinstance(tools, list)) or len(typed) < len(known):
        raise InvalidRequest("tools: must be a list of objects with a type.", param="tools")
    number, tool = next(((n, t) for n, t in enumerate(typed) if t["type"] == TOOL), (0, {}))
    nested = tool.get(TOOL)  # as some clients write it (reference/image-providers.md 4.10)
    fields = {**nested, **tool} if isinstance(nested, Mapping) else tool
    others = [f"tools.{_name(other)}" for other in typed if other is not tool]
    return fields, f"tools[{number}]", others


def _name(tool: Mapping[str, Any]) -> str:
    name = tool.get("name")
    return (name if isinstance(name, str) and name else tool["type"])[:MAX_NAME_CHARS]


def _choose_model(
    body: Mapping[str, Any], tool: Mapping[str, Any], context: RequestContext
) -> object:
    """The model that paints, as it was named; None is the default.

    Raises `InvalidRequest` where the request is not for a picture.
    """
    outer = body.get("model")
    if tool.get("model"):
        return tool["model"]
    if _means_pictures(outer, context):
        return outer
    if not tool:
        raise InvalidRequest(
            f"tools: only pictures are made here. Send the tool {TOOL}, or an image model of "
            "GET /v1/models as model; conversations with text models go to /v1/chat/completions.",
            param="tools",
            code="image_generation_required",
        )
    return None


def _means_pictures(model: object, context: RequestContext) -> bool:
    names = model if isinstance(model, list) else [model]
    known = (name for name in names if isinstance(name, str))
    return any(paints(name, context.caller, context.gateway) for name in known)


def _check_choice(choice: object) -> None:
    match choice:
        case None | "auto" | "required" | {"type": "image_generation"}:
            return
        case {"type": "allowed_tools", "mode": "auto" | "required", "tools": [*tools]} if any(
            isinstance(tool, Mapping) and tool.get("type") == TOOL for tool in tools
        ):
            return
    raise InvalidRequest(
        f"tool_choice: {TOOL} is the one tool that can be called here.",
        param="tool_choice",
        code="unsupported_tool",
    )


def _read_instructions(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, TextBlob):
        return text_of(value)
    raise InvalidRequest("instructions: must be a text.", param="instructions")


def _read_previous(value: object) -> PictureId | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return PictureId(value, PREVIOUS)
    raise InvalidRequest(f"{PREVIOUS}: must be the id of a response.", param=PREVIOUS)


def _id_of(pictures: Sequence[SentPicture]) -> PictureId | None:
    """The id of the picture, where it was named by one."""
    return next((p.value for p in pictures if isinstance(p.value, PictureId)), None)


def _read_store(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return value is not False
    raise InvalidRequest("store: must be true or false.", param="store")


def choose_pictures(
    wanted: Wanted, action: object, model: object, context: RequestContext, param: str = "action"
) -> tuple[SentPicture, ...]:
    """The pictures to work on: those of the last message, else the latest before it.

    Left to itself, a model that paints from words alone takes none from before. `param` is where
    the action stands.
    """
    match action:
        case "generate":
            return ()
        case "edit" if not wanted.pictures and not wanted.earlier:
            raise InvalidRequest(
                "input: send the picture to work on, as an input_image.",
                param="input",
                code="missing_required_parameter",
            )
        case "edit":
            return wanted.pictures or wanted.earlier
        case "auto":
            if wanted.earlier and not wanted.pictures and not _works_on_pictures(model, context):
                return ()
            return wanted.pictures or wanted.earlier
    raise InvalidRequest(f"{param}: must be generate, edit or auto.", param=param)


def _works_on_pictures(model: object, context: RequestContext) -> bool:
    named = model if isinstance(model, list) else [model]
    names = [name for name in named if isinstance(name, str)]
    resolved = models_meant(names, context.caller, context.gateway, is_edit=True)
    return any(set(each.operations) - {Operation.GENERATE} for each in resolved.models)


def _beside_the_tool(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an image request that stand at the top, and those that nobody knows."""
    return {
        name: value
        for name, value in body.items()
        if name not in _READ_HERE
        and value not in _ANYWAY.get(name, ())
        and not (name in _ANOTHER_MATTER and isinstance(value, Mapping))
    }


def _within_the_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in tool.items()
        if name not in ("type", "action", TOOL) and value is not None
    }


def _no_effect(body: Mapping[str, Any], model: object) -> list[str]:
    """The fields without effect that no image request could report."""
    no_effect = [name for name in _ANOTHER_MATTER if isinstance(body.get(name), Mapping)]
    if body.get("model") and body["model"] != model:
        no_effect.insert(0, "model")
    if body.get("response_format") not in (None, "", "b64_json"):
        no_effect.append("response_format")
    return no_effect


def _repeat(
    body: Mapping[str, Any], instructions: str | None, read: ParsedBody, action: object
) -> Mapping[str, object]:
    """The fields that the response repeats, as `openai.types.responses.Response` has them."""
    tool = {
        name: value
        for name in _REPEATED
        if (value := getattr(read.body, name)) is not None
        and not isinstance(value, list)
        and value in WORDS.get(name, (value,))
    }
    return {
        "instructions": instructions,
        PREVIOUS: body.get(PREVIOUS) or None,
        "metadata": _read_metadata(body.get("metadata")),
        "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": [{"type": TOOL, "action": action, **tool}],
    }


def _read_metadata(metadata: object) -> Mapping[str, str]:
    if metadata is None:
        return {}
    if isinstance(metadata, Mapping) and all(isinstance(text, str) for text in metadata.values()):
        return metadata
    raise InvalidRequest("metadata: must be an object of texts.", param="metadata")
