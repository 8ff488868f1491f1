"""The route of Hugging Face's shape, with its handler and what is told of it."""

from typing import (
    Annotated,
    Any,
    NotRequired,  # pydantic reads those from Python 3.12 on
)

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from darkroom.described import Answer, Described, Parameter
from darkroom.dialects.hf.errors import error_frame, error_reply
from darkroom.dialects.hf.inference import read_inference_request
from darkroom.dialects.openai.routes import PAINTED, PAINTING
from darkroom.endpoint import Dialect, Endpoint
from darkroom.tasks.dispatch import with_tasks
from darkroom.tasks.plain_shape import plain_shape


class InferenceError(TypedDict):
    """A failure; `estimated_time` is in seconds."""

    error: str
    error_type: str
    estimated_time: NotRequired[float]


class InferenceBody(BaseModel):
    """A prompt, or a picture as base64, and how to paint it."""

    model_config = ConfigDict(defer_build=True, extra="allow")

    inputs: Annotated[str, Field(description="The prompt, or the picture as base64.")]
    parameters: Annotated[
        dict[str, Any] | None,
        Field(description="`prompt` for a picture, `width`, `height`, `seed` and the like."),
    ] = None


HF = Dialect("hf", error_reply, error_frame, InferenceError)
ENDPOINTS = (
    Endpoint(
        "/hf-inference/models/",
        {
            "POST": Described(
                "hfInference",
                with_tasks(read_inference_request, plain_shape("hf")),
                "Paint, as Hugging Face's Inference API does",
                "Hugging Face",
                [
                    Answer(
                        {"image/*": None},
                        (*PAINTED, "x-darkroom-model", "x-darkroom-seed", "x-darkroom-ignored"),
                    )
                ],
                about="A picture may also be the whole body. The answer is the file itself.",
                body=InferenceBody,
                takes_file=True,
                tail="{id}",
                parameters=[Parameter("id", "An id of the Hub, or of `GET /v1/models`.")],
                failures=PAINTING,
                takes_token=True,
            )
        },
        HF,
    ),
)
