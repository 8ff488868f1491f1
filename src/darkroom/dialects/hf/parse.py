"""A parser of the Inference API's requests into the fields that all image requests share.

Sources: reference/wire-formats.md B11, and huggingface_hub 2.4.0: `text_to_image` sends the prompt
as `inputs`, `image_to_image` the picture as base64 beside `parameters`, or the file alone and
without a content type where there are no parameters.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from darkroom.async_options import AsyncOptions, pop_async_options
from darkroom.blob import Blob
from darkroom.errors import InvalidRequest
from darkroom.generation.input_images import read_source
from darkroom.image import ImageFile
from darkroom.image_header import FORMAT_BYTES, image_format
from darkroom.json_writer import TextBlob
from darkroom.prompts.instructions import variation_prompt
from darkroom.request_body import read_object

# The Hub's names of the fields of `generation.parameters.ImageBody`.
_SPELLINGS: Mapping[str, str] = {
    "num_inference_steps": "steps",
    "target_size": "size",
    "accept": "output_format",
}
_PARAMETERS = (
    "negative_prompt", "height", "width", "target_size", "num_inference_steps", "guidance_scale",
    "seed",
)  # fmt: skip
_ACCEPTED = re.compile(r"image/(png|jpeg|webp)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """The fields of an image request under the Hub's names, and what means nothing here."""

    document: Mapping[str, Any]
    spellings: Mapping[str, str]
    options: AsyncOptions
    unsupported_fields: tuple[str, ...] = ()


def read_inference(raw: Blob, headers: Mapping[str, str], model: str) -> ParsedRequest:
    """Parse a body that is JSON or a picture; a picture without a prompt is varied.

    Raises `InvalidRequest` for a body that is neither.
    """
    is_picture = headers.get("content-type", "").lower().startswith("image/")
    if is_picture or image_format(raw.head(FORMAT_BYTES)):
        options = pop_async_options({}, headers)
        document = {"model": model, **_accepted(headers)}
        return _with_picture(document, ImageFile(data=raw), "", options)
    body = {name: value for name, value in read_object(raw).items() if value is not None}
    options = pop_async_options(body, headers)
    parameters = body.pop("parameters", {})
    if not isinstance(parameters, Mapping):
        raise InvalidRequest("parameters: must be an object.", param="parameters")
    rest = {name: value for name, value in parameters.items() if value is not None}
    inputs, prompt = body.pop("inputs", ""), rest.pop("prompt", "")
    document = {"model": model, **_accepted(headers)}
    document |= {name: rest.pop(name) for name in _PARAMETERS if name in rest}
    unsupported_fields = (*body, *(f"parameters.{name}" for name in rest))
    if prompt or _looks_like_a_picture(inputs):
        return _with_picture(document, inputs, prompt, options, unsupported_fields)
    if isinstance(inputs, TextBlob):
        inputs = inputs.content.head(inputs.content.size).decode("utf-8", "replace")
    spellings = {**_SPELLINGS, "inputs": "prompt"}
    return ParsedRequest({**document, "inputs": inputs}, spellings, options, unsupported_fields)


def _with_picture(
    document: Mapping[str, Any],
    picture: object,
    prompt: object,
    options: AsyncOptions,
    unsupported_fields: tuple[str, ...] = (),
) -> ParsedRequest:
    fields = {**document, "inputs": picture, "prompt": prompt or variation_prompt()}
    return ParsedRequest(fields, {**_SPELLINGS, "inputs": "image"}, options, unsupported_fields)


def _accepted(headers: Mapping[str, str]) -> dict[str, str]:
    """The first format of `Accept` that a picture can be turned into."""
    match = _ACCEPTED.search(headers.get("accept", ""))
    return {"accept": match[1].lower()} if match else {}


def _looks_like_a_picture(inputs: object) -> bool:
    """Whether these are base64 or a data URL, rather than a prompt."""
    if not isinstance(inputs, str | TextBlob):
        return False
    try:
        return isinstance(read_source(inputs, "inputs"), ImageFile)
    except InvalidRequest:
        return False
