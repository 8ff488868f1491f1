"""The routes of Google's API."""

from darkroom.dialects.gemini.count_tokens import count_tokens
from darkroom.dialects.gemini.errors import error_frame, error_reply
from darkroom.dialects.gemini.generate import (
    PREFIXES,
    caller_of,
    read_generate_content,
    read_predict,
    read_stream_generate_content,
)
from darkroom.dialects.gemini.models import get_model, list_models
from darkroom.dialects.gemini.tasks import (
    CANCEL,
    PREFIX,
    SHAPE,
    cancel_operation,
    delete_operation,
    get_operation,
)
from darkroom.endpoint import Dialect, Endpoint, Route, painting_route

GEMINI = Dialect("gemini", error_reply, error_frame, caller_of=caller_of)
GOOGLES_HEADERS = ("x-goog-api-client", "x-goog-api-key")
_PAINTING = {
    ":generateContent": painting_route(read_generate_content, SHAPE),
    ":predict": painting_route(read_predict, SHAPE),
    ":streamGenerateContent": painting_route(read_stream_generate_content, SHAPE),
}

# Those with a verb come before other routes below the same path.
ENDPOINTS = (
    *(
        Endpoint(prefix, {"POST": route}, GEMINI, verb)
        for prefix in PREFIXES.values()
        for verb, route in _PAINTING.items()
    ),
    Endpoint(PREFIX, {"POST": Route(cancel_operation)}, GEMINI, CANCEL),
    Endpoint(PREFIX, {"GET": Route(get_operation), "DELETE": Route(delete_operation)}, GEMINI),
    *(
        Endpoint(prefix, {"POST": Route(count_tokens)}, GEMINI, ":countTokens")
        for prefix in PREFIXES.values()
    ),
    # google-genai asks for either version; OpenAI has the same path below /v1.
    *(
        Endpoint("/v1/models", {"GET": Route(list_models)}, GEMINI, header=header)
        for header in GOOGLES_HEADERS
    ),
    *(
        Endpoint("/v1/models/", {"GET": Route(get_model)}, GEMINI, header=header)
        for header in GOOGLES_HEADERS
    ),
    Endpoint("/v1beta/models", {"GET": Route(list_models)}, GEMINI),
    Endpoint("/v1beta/models/", {"GET": Route(get_model)}, GEMINI),
)
