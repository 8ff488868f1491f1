"""What a request may consist of, checked as strictly as JSON for a protocol buffer is.

Names may be in camelCase or in snake_case; one that is not known is refused, wherever it is.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

from ..faults import Failure, Kind

HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")
INT32 = range(-(2**31), 2**31)
LIMIT_CHARS = 40


class Scalar(Enum):
    """The types of values that are not messages."""

    STRING = auto()
    BOOL = auto()
    INT32 = auto()
    DOUBLE = auto()
    BYTES = auto()
    ANY = auto()
    """Whatever: a part of the API that has nothing to do with pictures."""


STRING, BOOL, INT32_TYPE = Scalar.STRING, Scalar.BOOL, Scalar.INT32
DOUBLE, BYTES, ANY = Scalar.DOUBLE, Scalar.BYTES, Scalar.ANY

CATEGORIES = (
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_CIVIC_INTEGRITY",
)
THRESHOLDS = (
    "BLOCK_LOW_AND_ABOVE",
    "BLOCK_MEDIUM_AND_ABOVE",
    "BLOCK_ONLY_HIGH",
    "BLOCK_NONE",
    "OFF",
)
# A list of one type is a repeated field, a tuple of words an enumeration.
PART = {
    "text": STRING,
    "inlineData": {"mimeType": STRING, "data": BYTES},
    "fileData": {"mimeType": STRING, "fileUri": STRING},
    "thought": BOOL,
    "thoughtSignature": BYTES,
    "functionCall": ANY,
    "functionResponse": ANY,
    "executableCode": ANY,
    "codeExecutionResult": ANY,
    "videoMetadata": ANY,
    "mediaResolution": ANY,
    "partMetadata": ANY,
}
CONTENT = {"role": STRING, "parts": [PART]}
GENERATION_CONFIG = {
    "responseModalities": [STRING],
    "imageConfig": {"aspectRatio": STRING, "imageSize": STRING},
    "seed": INT32_TYPE,
    "candidateCount": INT32_TYPE,
    "temperature": DOUBLE,
    "topP": DOUBLE,
    "topK": INT32_TYPE,
    "maxOutputTokens": INT32_TYPE,
    "stopSequences": [STRING],
    "presencePenalty": DOUBLE,
    "frequencyPenalty": DOUBLE,
    "responseLogprobs": BOOL,
    "logprobs": INT32_TYPE,
    "responseMimeType": STRING,
    "responseSchema": ANY,
    "responseJsonSchema": ANY,
    "speechConfig": ANY,
    "thinkingConfig": {
        "includeThoughts": BOOL,
        "thinkingBudget": INT32_TYPE,
        "thinkingLevel": STRING,
    },
    "mediaResolution": STRING,
    "enableEnhancedCivicAnswers": BOOL,
}
GENERATE_CONTENT = {
    "contents": [CONTENT],
    "generationConfig": GENERATION_CONFIG,
    "safetySettings": [{"category": CATEGORIES, "threshold": THRESHOLDS}],
    "systemInstruction": CONTENT,
    "tools": ANY,
    "toolConfig": ANY,
    "cachedContent": STRING,
    "model": STRING,
    "serviceTier": STRING,
    "store": BOOL,
}
PREDICT = {"instances": ANY, "parameters": ANY}


def check(body: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """The body with all names in camelCase and without nulls. Fails at the first fault."""
    return _check_message(body, spec, "")


def _check_message(value: object, spec: Mapping[str, Any], path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(path, "TYPE_MESSAGE", value)
    names = {_to_snake(name): name for name in spec} | {name: name for name in spec}
    unknown = [name for name in value if name not in names]
    if unknown:
        where = f" at '{path}'" if path else ""
        lines = [
            f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.'
            for name in unknown
        ]
        raise Failure(Kind.UNKNOWN_FIELD, "\n".join(lines), path)
    return {
        names[name]: _check_value(inner, spec[names[name]], _join(path, _to_snake(name)))
        for name, inner in value.items()
        if inner is not None
    }


def _check_value(value: object, spec: Any, path: str) -> Any:
    match spec:
        case list():
            # A single value will do for a list of one, as in all JSON for protocol buffers.
            values = value if isinstance(value, list) else [value]
            return [_check_value(item, spec[0], f"{path}[{i}]") for i, item in enumerate(values)]
        case tuple():
            if value not in spec:
                raise _wrong(path, "TYPE_ENUM", value)
            return value
        case Mapping():
            return _check_message(value, spec, path)
    return _check_scalar(value, spec, path)


def _check_scalar(value: object, spec: Scalar, path: str) -> Any:
    match spec:
        case Scalar.ANY:
            return value
        case Scalar.STRING if isinstance(value, str):
            return value
        case Scalar.BOOL if isinstance(value, bool):
            return value
        case Scalar.BYTES if isinstance(value, str):
            return _decode(value, path)
        case Scalar.INT32 if (number := _to_number(value)) is not None and _is_int32(number):
            return int(number)
        case Scalar.DOUBLE if (number := _to_number(value)) is not None:
            return number
    raise _wrong(path, f"TYPE_{spec.name}", value)


def _is_int32(number: float) -> bool:
    return number.is_integer() and INT32.start <= number < INT32.stop


def _to_number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _decode(text: str, path: str) -> bytes:
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except binascii.Error as error:
        what = f"Base64 decoding failed for {_quote(text)}"
        message = f"Invalid value at '{path}' (TYPE_BYTES), {what}"
        raise Failure(Kind.WRONG_TYPE, message, path) from error


def _wrong(path: str, type_name: str, value: object) -> Failure:
    message = f"Invalid value at '{path}' ({type_name}), {_quote(value)}"
    return Failure(Kind.WRONG_TYPE, message, path)


def _quote(value: object) -> str:
    return f'"{str(value)[:LIMIT_CHARS]}"'


def _to_snake(name: str) -> str:
    return HUMP.sub(r"_\1", name).lower()


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
