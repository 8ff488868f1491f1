"""Responses in OpenAI's shape, as types.

The answers themselves are put together where they are written, pictures outside Python's heap.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on

Ignored = Annotated[
    list[str], Field(description="Fields of the request without effect: 50 at most.")
]
Adjusted = Annotated[
    dict[str, Any], Field(description="Values that were used in place of the request's, by field.")
]
Tried = Annotated[
    list[str],
    Field(
        description="What was tried or passed over on the way, in order, if there was more than "
        "one way: `provider:upstream#n=result`, where `n` is the token's place in the list sent."
    ),
]
Usage = Annotated[dict[str, Any], Field(description="What the upstream counted, where it counts.")]
Seed = Annotated[int | None, Field(description="The seed that was really used, where known.")]
ImageIndex = Annotated[int, Field(description="Which of the `n` pictures, from 0.")]
PaintedSize = Annotated[str, Field(description="Pixels, such as `1024x1024`.")]
ModelId = Annotated[str, Field(description="The model that served.")]
ProviderId = Annotated[str, Field(description="The provider that served.")]
Url = Annotated[
    str,
    Field(
        description="The picture's address: the upstream's, which may last a day or less, or one "
        "at `/media/`; a `data:` URL where nothing can keep it."
    ),
]
Base64 = Annotated[str, Field(description="The picture as base64.")]
Quality = Annotated[str, Field(description="The quality that was sent, for models with any.")]
Background = Annotated[str, Field(description="The background that was sent, for models with any.")]
Revised = Annotated[str, Field(description="The prompt that was painted instead of the given one.")]


class Error(TypedDict):
    """What went wrong, in OpenAI's shape."""

    message: Annotated[str, Field(description="What was wrong and what to do, for people.")]
    type: Annotated[str, Field(description="The kind of failure, as OpenAI's SDKs know it.")]
    param: Annotated[str | None, Field(description="The field that is wrong, as it was spelled.")]
    code: Annotated[str, Field(description="What exactly it was, for programs.")]
    tried: NotRequired[
        Annotated[
            list[str],
            Field(description="What was tried or passed over, as in `x-darkroom-tried`."),
        ]
    ]


EnhanceError = Annotated[Error, Field(description="Why the prompt was painted as it was given.")]


class ErrorAnswer(TypedDict):
    """A failure."""

    error: Error


class PictureFailure(TypedDict):
    """One of several pictures that failed while others did not."""

    image_index: ImageIndex
    error: Error


class Picture(TypedDict):
    """A picture, by `url` or as `b64_json`, or both where neither was asked for."""

    url: NotRequired[Url]
    b64_json: NotRequired[Base64]
    seed: Seed
    revised_prompt: NotRequired[Revised]
    expires_at: NotRequired[
        Annotated[int, Field(description="When the address dies, where known; seconds since 1970.")]
    ]


class ImagesAnswer(TypedDict):
    """Pictures, and what they were made with."""

    created: Annotated[int, Field(description="Seconds since 1970.")]
    data: Annotated[list[Picture], Field(description="The pictures, in their seeds' order.")]
    model: ModelId
    size: PaintedSize
    provider: ProviderId
    output_format: NotRequired[
        Annotated[
            Literal["png", "jpeg", "webp", "gif", "avif"],
            Field(description="The format, where the picture passed through here."),
        ]
    ]
    quality: NotRequired[Quality]
    background: NotRequired[Background]
    ignored: NotRequired[Ignored]
    adjusted: NotRequired[Adjusted]
    tried: NotRequired[Tried]
    usage: NotRequired[Usage]
    errors: NotRequired[
        Annotated[
            list[PictureFailure],
            Field(description="Which pictures failed, and why, when others did not."),
        ]
    ]
    enhance_error: NotRequired[EnhanceError]


class Progress(TypedDict):
    """What is known of a picture under way; what is not is null."""

    image_index: ImageIndex
    stage: Annotated[
        Literal["queued", "running"], Field(description="Whether the upstream has begun.")
    ]
    queue_position: Annotated[int | None, Field(description="How many are ahead; 0 is next.")]
    queue_size: Annotated[int | None, Field(description="How many wait.")]
    eta_seconds: Annotated[float | None, Field(description="The upstream's own estimate.")]
    step: Annotated[int | None, Field(description="The step that is done.")]
    total_steps: Annotated[int | None, Field(description="How many there are.")]
    progress: Annotated[float | None, Field(description="0 to 1.")]
    message: NotRequired[Annotated[str, Field(description="What the upstream says.")]]


class ProgressEvent(Progress):
    """`image_generation.progress`: a picture is a little further."""

    type: Literal["image_generation.progress", "image_edit.progress"]


class _PaintedEvent(TypedDict):
    image_index: ImageIndex
    created_at: Annotated[int, Field(description="Seconds since 1970.")]
    size: PaintedSize
    quality: Quality
    background: Background
    output_format: Annotated[str, Field(description="The format.")]


class PreviewEvent(_PaintedEvent):
    """`image_generation.partial_image`: the picture as far as it goes."""

    type: Literal["image_generation.partial_image", "image_edit.partial_image"]
    partial_image_index: Annotated[int, Field(description="Which preview of this picture, from 0.")]
    b64_json: Base64


class CompletedEvent(_PaintedEvent):
    """`image_generation.completed`: a picture is done, once for each."""

    type: Literal["image_generation.completed", "image_edit.completed"]
    url: NotRequired[Url]
    b64_json: NotRequired[Base64]
    seed: Seed
    model: ModelId
    provider: ProviderId
    revised_prompt: NotRequired[Revised]
    ignored: NotRequired[Ignored]
    adjusted: NotRequired[Adjusted]
    tried: NotRequired[Tried]
    usage: NotRequired[Usage]
    enhance_error: NotRequired[EnhanceError]


class ErrorEvent(TypedDict):
    """`error`: what went wrong after the answer had begun; always last."""

    error: Error
    image_index: NotRequired[ImageIndex]


ImageEvent = ProgressEvent | PreviewEvent | CompletedEvent | ErrorEvent


class ChatImageUrl(TypedDict):
    """An address inside a message."""

    url: Url


class ChatImage(TypedDict):
    """A picture beside a message's text."""

    type: Literal["image_url"]
    index: int
    image_url: ChatImageUrl


class ChatMessage(TypedDict):
    """What the assistant says: an image model's pictures stand in `content` and in `images`."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    role: NotRequired[str]
    content: NotRequired[Annotated[str | None, Field(description="Text; pictures as markdown.")]]
    images: NotRequired[list[ChatImage]]
    reasoning_content: NotRequired[Annotated[str, Field(description="Progress, in words.")]]


class ChatChoice(TypedDict):
    """One answer, whole (`message`) or in pieces (`delta`)."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    index: int
    message: NotRequired[ChatMessage]
    delta: NotRequired[ChatMessage]
    finish_reason: NotRequired[str | None]


class ChatAnswer(TypedDict):
    """OpenAI's completion or a chunk of it. A text model's is its provider's, byte for byte."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    id: NotRequired[str]
    object: NotRequired[str]
    created: NotRequired[int]
    model: NotRequired[str]
    choices: list[ChatChoice]
    provider: NotRequired[ProviderId]
    seeds: NotRequired[Annotated[list[int | None], Field(description="The seeds of the pictures.")]]
    progress: NotRequired[Progress]
    ignored: NotRequired[Ignored]
    adjusted: NotRequired[Adjusted]
    tried: NotRequired[Tried]


ChatEvent = ChatAnswer | ErrorAnswer


class PromptAnswer(TypedDict):
    """A prompt, improved or translated."""

    prompt: Annotated[str, Field(description="The new prompt.")]
    model: Annotated[str, Field(description="The text model that wrote it.")]
    provider: Annotated[str, Field(description="Whose model that is.")]
