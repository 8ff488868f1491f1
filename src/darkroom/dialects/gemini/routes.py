"""The routes of Google's shape, each with its handler and what is told of it."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on

from darkroom.context import Handler
from darkroom.described import EVENTS, JSON, Answer, Described, Parameter
from darkroom.dialects.gemini.errors import error_frame, error_reply
from darkroom.dialects.gemini.generate import (
    PREFIXES,
    caller_of,
    read_generate_content,
    read_predict,
    read_stream_generate_content,
)
from darkroom.dialects.gemini.models import get_model, list_models
from darkroom.dialects.gemini.tasks import SHAPE
from darkroom.dialects.openai.routes import PAINTED, PAINTING
from darkroom.endpoint import Dialect, Endpoint
from darkroom.errors import InvalidRequest, ModelNotFound
from darkroom.tasks.dispatch import with_tasks

TAG = "Google"
MODEL = Parameter("model", "An id, alias or pool; its slashes may be raw or `%2F`.")


class GoogleError(TypedDict):
    """What went wrong; `code` is the HTTP status."""

    code: int
    message: str
    status: str
    details: list[dict[str, Any]]


class GoogleErrorAnswer(TypedDict):
    """A failure, in the shape of Google's APIs."""

    error: GoogleError


class ContentBody(BaseModel):
    """A conversation whose last user turn is painted."""

    model_config = ConfigDict(defer_build=True, extra="allow")

    contents: Annotated[
        list[dict[str, Any]] | dict[str, Any],
        Field(description="Turns with `parts` of `text`, `inlineData` or `fileData`."),
    ]
    generationConfig: Annotated[
        dict[str, Any] | None,
        Field(description="`imageConfig`, `seed`, `candidateCount`, `responseModalities`."),
    ] = None


class PredictionBody(BaseModel):
    """A prompt for Imagen."""

    model_config = ConfigDict(defer_build=True, extra="allow")

    instances: Annotated[
        list[dict[str, Any]] | dict[str, Any],
        Field(description="One object with `prompt`, and `image` to work on."),
    ]
    parameters: Annotated[
        dict[str, Any] | None,
        Field(description="`sampleCount` (1 to 4), `aspectRatio`, `seed` and the like."),
    ] = None


GEMINI = Dialect("gemini", error_reply, error_frame, GoogleErrorAnswer, caller_of=caller_of)


def _painting(
    name: str, verb: str, handler: Handler, summary: str, body: type, *kinds: str
) -> Described:
    return Described(
        name,
        handler,
        summary,
        TAG,
        [Answer(dict.fromkeys((JSON, *kinds), Any), PAINTED)],
        body=body,
        tail=f"{{model}}{verb}",
        parameters=[MODEL],
        failures=PAINTING,
        takes_token=True,
    )


def _endpoints(prefix: str, version: str) -> tuple[Endpoint, ...]:
    """What paints, below one of the two addresses that Google's SDKs call."""
    verbs = (
        (
            ":generateContent",
            with_tasks(read_generate_content, SHAPE),
            "Paint the last user turn",
            ContentBody,
        ),
        (":predict", with_tasks(read_predict, SHAPE), "Paint one to four pictures", PredictionBody),
    )
    rows = [
        (verb, _painting(f"google{version}{verb[1:].title()}", verb, handler, summary, body))
        for verb, handler, summary, body in verbs
    ]
    stream = ":streamGenerateContent"
    rows.append((
        stream,
        _painting(
            f"google{version}Stream", stream, with_tasks(read_stream_generate_content, SHAPE),
            "The same as an event, or as a list of one", ContentBody, EVENTS,
        ),
    ))  # fmt: skip
    return tuple(Endpoint(prefix, {"POST": row}, GEMINI, verb) for verb, row in rows)


PAINTERS = tuple(
    endpoint for version, prefix in PREFIXES.items() for endpoint in _endpoints(prefix, version)
)
LISTS = (
    Endpoint(
        "/v1beta/models",
        {
            "GET": Described(
                "googleListModels",
                list_models,
                "List what paints, in Google's shape",
                TAG,
                [Answer({JSON: Any})],
                parameters=[
                    Parameter("pageSize", "How many at the most.", {"type": "integer"}),
                    Parameter("pageToken", "Where to go on."),
                ],
                failures=[InvalidRequest],
            )
        },
        GEMINI,
    ),
    Endpoint(
        "/v1beta/models/",
        {
            "GET": Described(
                "googleGetModel",
                get_model,
                "Describe one model, in Google's shape",
                TAG,
                [Answer({JSON: Any})],
                tail="{model}",
                parameters=[MODEL],
                failures=[ModelNotFound],
            )
        },
        GEMINI,
    ),
)
