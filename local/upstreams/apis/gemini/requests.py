"""What a caller of generateContent wants, once the form of it is known to be right."""

from dataclasses import dataclass
from typing import Any

from ..call import Call
from ..faults import Failure, Kind
from ..image_request import ImageRequest, check_picture
from ..references import read_reference
from ..shared_state import Studio
from .models import Model, find_model
from .schema import GENERATE_CONTENT, check

MODALITIES = ({"IMAGE"}, {"IMAGE", "TEXT"})
MIME_TYPES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """`wants_text` says whether words may come with the picture."""

    model: Model
    image_request: ImageRequest
    wants_text: bool
    image_size: str


def parse_request(call: Call, studio: Studio) -> ParsedRequest:
    """The request, checked: its form first, then what the model can do."""
    model = find_model(call.path_params["model"], "generateContent")
    body = check(call.json_object(), GENERATE_CONTENT)
    parts = read_parts(body)
    config = body.get("generationConfig", {})
    image_config = config.get("imageConfig", {})
    sources = read_sources(parts)
    if len(sources) > model.max_images:
        text = f"The request has {len(sources)} images, at most {model.max_images} are supported."
        raise Failure(Kind.WRONG_VALUE, text)
    ratio, tier = image_config.get("aspectRatio"), image_config.get("imageSize")
    width, height = model.pick_size(ratio, tier, sources)
    if config.get("candidateCount", 1) != 1:
        text = "Multiple candidates is not enabled for this model"
        raise Failure(Kind.WRONG_VALUE, text, "candidate_count")
    prompt = "\n".join(part["text"] for part in parts if "text" in part)
    seed = config.get("seed", studio.new_seed())
    image_request = ImageRequest(prompt, width, height, seed, sources=tuple(sources))
    return ParsedRequest(model, image_request, wants_text(model, config), tier or "1K")


def read_parts(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of the last turn."""
    contents = body.get("contents", [])
    if not contents:
        text = "* GenerateContentRequest.contents: contents is not specified\n"
        raise Failure(Kind.MISSING_FIELD, text, "contents")
    for content in contents:
        if content.get("role", "user") not in ("user", "model"):
            raise Failure(Kind.WRONG_VALUE, "Please use a valid role: user, model.", "role")
    parts: list[dict[str, Any]] = contents[-1].get("parts", [])
    if not parts or not all(parts):
        text = "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.\n"
        raise Failure(Kind.MISSING_FIELD, text, "contents")
    return parts


def read_sources(parts: list[dict[str, Any]]) -> list[bytes]:
    """The pictures among the parts."""
    pictures = []
    for part in parts:
        if "fileData" in part:
            pictures.append(read_file(part["fileData"].get("fileUri", "")))
        elif "inlineData" in part:
            data = part["inlineData"]
            mime_type = data.get("mimeType", "")
            if mime_type not in MIME_TYPES:
                raise Failure(Kind.WRONG_VALUE, f"Unsupported MIME type: {mime_type}")
            pictures.append(check_picture("inline_data", data.get("data", b"")))
    return pictures


def read_file(uri: str) -> bytes:
    """A picture that was uploaded before, or is somewhere on the web."""
    if not uri.startswith("https://"):
        raise Failure(Kind.WRONG_VALUE, f"Unsupported file uri: {uri}")
    return read_reference(uri)


def wants_text(model: Model, config: dict[str, Any]) -> bool:
    """By the modalities, of which both are the default."""
    modalities = {word.upper() for word in config.get("responseModalities", ("TEXT", "IMAGE"))}
    if modalities not in MODALITIES:
        listed = ", ".join(sorted(modalities))
        text = (
            f"The requested combination of response modalities ({listed}) is not supported by the "
            f"model. models/{model.name} accepts the following combination of response "
            "modalities:\n* IMAGE\n* TEXT, IMAGE\n"
        )
        raise Failure(Kind.WRONG_VALUE, text, "response_modalities")
    return "TEXT" in modalities
