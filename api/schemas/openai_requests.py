"""Requests in OpenAI's shape, with every field explained.

The bodies are read by `body.py` and by their handlers; pictures and conversations never become
pydantic models.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from darkroom.generation.parameters import SPELLINGS, ImageBody

# One sentence for each field of `ImageBody`; its other spellings are added from the table of them.
FIELDS = {
    "prompt": "What the picture should show, up to 32,000 characters; required but for upscaling.",
    "model": "An id or alias of `GET /v1/models`, a list of them that is tried in order, or a pool "
    "such as `auto`. Without it: the default model.",
    "n": "How many pictures, 1 to 10, each with a seed of its own.",
    "size": "Pixels such as `1024x768`, a ratio such as `16:9`, a class such as `2K`, or `auto`. "
    "Becomes the nearest that the model paints; the answer says which.",
    "aspect_ratio": "A ratio such as `16:9`, where `size` and `width` are absent.",
    "width": "Pixels, with `height`, where `size` is absent.",
    "height": "Pixels, with `width`, where `size` is absent.",
    "seed": "Absent or below 0 means any; above 2147483647 it is folded into that range. With `n`, "
    "seeds count upwards from it.",
    "randomize_seed": "`true` draws a seed, whatever `seed` says.",
    "steps": "How many, within the model's range.",
    "guidance_scale": "How strictly to follow the prompt, within the model's range.",
    "negative_prompt": "What the picture should not show.",
    "prompt_enhance": "Whether a model that can is to improve the prompt.",
    "enhance": "Have a text model improve the prompt first; it then stands in `revised_prompt`.",
    "response_format": "`url` or `b64_json`. Without it: `b64_json` for streams and for "
    "`gpt-image-…`, else both.",
    "stream": "Answer with server-sent events.",
    "partial_images": "With `stream`: at most so many previews of each picture; absent means all.",
    "quality": "For models that have qualities (`capabilities.options`).",
    "style": "For models that have styles.",
    "background": "For models that can leave it out.",
    "output_format": "By the model where it can, else converted here where that is set up.",
    "output_compression": "0 to 100, for JPEG and WebP.",
    "moderation": "For models that take it.",
    "input_fidelity": "How close an edit stays to its sources, for models that take it.",
    "safety_tolerance": "0 (strict) to 6, for Black Forest Labs' models.",
    "user": "Who your user is, for providers that want to know.",
    "safety_identifier": "The same under its newer name.",
}
LIMITS: Mapping[str, Mapping[str, int]] = {
    "n": {"minimum": 1, "maximum": 10},
}

Source = str | dict[str, Any]


def _explain(schema: dict[str, Any]) -> None:
    """Add the descriptions of fields to a schema."""
    for name, field in schema["properties"].items():
        if name in FIELDS:
            field["description"] = FIELDS[name]
        others = [f"`{other}`" for other, meant in SPELLINGS.items() if meant == name]
        if others:
            field["description"] += f" Also spelled {', '.join(others)}."
        for kind in field.get("anyOf", ()):
            if kind.get("type") == "integer":
                kind.update(LIMITS.get(name, {}))


class InBackground(BaseModel):
    """How a request is to be run; read by `darkroom.async_options`."""

    model_config = ConfigDict(defer_build=True)

    asynchronous: Annotated[
        bool | None,
        Field(
            alias="async",
            description="Answer 202 at once and work in the background; see `GET /v1/tasks/`.",
        ),
    ] = None
    webhook_url: Annotated[
        str | None,
        Field(description="With `async`: an https address that gets a webhook at the task's end."),
    ] = None


class GenerationBody(ImageBody, InBackground):
    """A request for pictures, in OpenAI's shape; other fields travel beside, and are reported.

    A null or an empty string is as good as an absent field.
    """

    model_config = ConfigDict(defer_build=True, json_schema_extra=_explain)

    image: Annotated[
        Source | list[Source] | None,
        Field(
            description="A picture to work on, or several: data URLs, base64, https addresses, or "
            "objects that hold one. Only models that edit or upscale take them."
        ),
    ] = None
    mask: Annotated[
        Source | None,
        Field(
            description="With `image`: a PNG of its size, transparent where the picture may "
            "change, or white there and opaque all over. A model that was not named and takes none "
            "paints it all, and what the mask keeps is laid over the result."
        ),
    ] = None


class GenerationForm(ImageBody, InBackground):
    """The same request as a form: numbers and booleans are text, pictures are files.

    `image` may be called `image[]`, and may be said several times.
    """

    model_config = ConfigDict(defer_build=True, json_schema_extra=_explain)

    image: Annotated[
        list[bytes] | None,
        Field(description="The pictures to work on, up to 16, of up to 28 MiB in all."),
    ] = None
    mask: Annotated[
        bytes | None, Field(description="A PNG that says where the first picture may change.")
    ] = None


class ChatTurn(BaseModel):
    """One message; other fields of OpenAI's go to a text model as they are."""

    model_config = ConfigDict(defer_build=True, extra="allow")

    role: Annotated[str, Field(description="`system`, `user`, `assistant` and so on.")]
    content: Annotated[
        str | list[dict[str, Any]] | None,
        Field(description="Text, or parts of `type` `text` and `image_url`."),
    ] = None


class ChatBody(BaseModel):
    """A conversation, in OpenAI's shape.

    A text model gets every field as it came. For an image model the fields of an image request
    travel beside: size, seed, steps and the like.
    """

    model_config = ConfigDict(defer_build=True, extra="allow")

    messages: Annotated[list[ChatTurn], Field(min_length=1, description="The conversation so far.")]
    model: Annotated[
        str | None,
        Field(
            description="A text model as `provider/id`, or an image model, which paints the last "
            "user message. Without it: the default text model."
        ),
    ] = None
    stream: Annotated[bool, Field(description="Answer with server-sent events.")] = False
