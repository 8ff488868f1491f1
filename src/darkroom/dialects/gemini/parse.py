"""A parser of Google's requests into the fields that all image requests share.

Sources: reference/wire-formats.md B2 and C0, and the requests of google-genai 3.4.0.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from darkroom.catalog.model import Range
from darkroom.dialects.gemini.conversation import read_conversation
from darkroom.dialects.gemini.json_fields import entries_of, fields_of, text_of
from darkroom.errors import InvalidRequest

SAMPLES = Range(1, 4, 1)
# Google's names of the fields of `dialects.openai.body.ImageBody`.
SPELLINGS: Mapping[str, str] = {
    "contents": "prompt",
    "inlineData": "image",
    "candidateCount": "n",
    "aspectRatio": "aspect_ratio",
    "imageSize": "size",
    "outputMimeType": "output_format",
    "outputCompressionQuality": "output_compression",
    "sampleCount": "n",
    "sampleImageSize": "size",
    "negativePrompt": "negative_prompt",
    "guidanceScale": "guidance_scale",
    "enhancePrompt": "prompt_enhance",
    "outputOptions.mimeType": "output_format",
    "outputOptions.compressionQuality": "output_compression",
}
_IMAGE_TYPE = "image/"


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """The fields of an image request under Google's names, and what means nothing here."""

    document: Mapping[str, Any]
    unsupported_fields: tuple[str, ...]


def read_generation(body: Mapping[str, Any], model: str, *, looks_back: bool) -> ParsedRequest:
    """A `GenerateContentRequest`; see `read_conversation` for `looks_back`."""
    rest = fields_of(body, "body")
    rest.pop("model", None)  # it stands in the path
    config = fields_of(rest.pop("generationConfig", None), "generationConfig")
    image = fields_of(config.pop("imageConfig", None), "imageConfig")
    options = fields_of(image.pop("imageOutputOptions", None), "imageOutputOptions")
    talk = read_conversation(
        rest.pop("contents", None), rest.pop("systemInstruction", None), looks_back=looks_back
    )
    _check_modalities(config.pop("responseModalities", None))
    document = {
        **_common(model),
        "contents": talk.prompt,
        "inlineData": list(talk.pictures) or None,
        **_taken(config, "seed", "candidateCount"),
        **_taken(image, "aspectRatio", "imageSize", "outputCompressionQuality"),
        "outputMimeType": _format_of(
            image.pop("outputMimeType", None) or options.pop("mimeType", None), "outputMimeType"
        ),
    }
    quality = options.pop("compressionQuality", None)
    document.setdefault("outputCompressionQuality", quality)
    unsupported_fields = (
        *talk.unsupported_fields,
        *rest,
        *(f"generationConfig.{name}" for name in config),
        *(f"imageConfig.{name}" for name in image),
        *(f"imageOutputOptions.{name}" for name in options),
    )
    return ParsedRequest(document, unsupported_fields)


def read_prediction(body: Mapping[str, Any], model: str) -> ParsedRequest:
    """A request of Imagen's: one instance, which may stand in a list or bare."""
    rest = fields_of(body, "body")
    instances = entries_of(rest.pop("instances", None))
    if len(instances) != 1:
        raise InvalidRequest(
            f"instances: must be one object with a prompt, not {len(instances)}.",
            param="instances",
            code=None if instances else "missing_required_parameter",
        )
    instance = fields_of(instances[0], "instances")
    parameters = fields_of(rest.pop("parameters", None), "parameters")
    options = fields_of(parameters.pop("outputOptions", None), "outputOptions")
    document = {
        **_common(model),
        "prompt": text_of(instance.pop("prompt", ""), "prompt"),
        **_taken(parameters, "seed", "aspectRatio", "imageSize", "sampleImageSize",
                 "negativePrompt", "guidanceScale", "enhancePrompt"),
        "sampleCount": _sample_count(parameters.pop("sampleCount", None)),
        "outputOptions.mimeType": _format_of(options.pop("mimeType", None), "outputOptions"),
        "outputOptions.compressionQuality": options.pop("compressionQuality", None),
    }  # fmt: skip
    if "image" in instance:
        document["image"] = instance.pop("image")
    unsupported_fields = (
        *rest,
        *(f"instances.{name}" for name in instance),
        *(f"parameters.{name}" for name in parameters),
        *(f"outputOptions.{name}" for name in options),
    )
    return ParsedRequest(document, unsupported_fields)


def _common(model: str) -> dict[str, Any]:
    return {"model": model, "response_format": "b64_json"}


def _taken(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    """The fields of these names, as far as they are there, which then are there no longer."""
    return {name: fields.pop(name) for name in names if name in fields}


def _format_of(media_type: object, where: str) -> str | None:
    if media_type is None:
        return None
    return text_of(media_type, where).lower().removeprefix(_IMAGE_TYPE)


def _sample_count(value: object) -> object:
    """The number of pictures; what is no number is refused with all other fields."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value):
        value = int(value)
    return SAMPLES.choose(value, "sampleCount") if isinstance(value, int) else value


def _check_modalities(value: object) -> None:
    """Refuse to paint for somebody who wants words alone."""
    requested = {text_of(entry, "responseModalities").upper() for entry in entries_of(value)}
    if requested - {"MODALITY_UNSPECIFIED"} and "IMAGE" not in requested:
        raise InvalidRequest(
            "responseModalities: image models answer with pictures; let IMAGE be among them.",
            param="responseModalities",
        )
