"""The operation of Hugging Face's Inference API."""

from api.dialects import HF
from api.operation import IMAGE, JSON, Operation, Parameter, Path, Response
from api.operations.common import ASYNC_HEADERS, IN_BACKGROUND, PAINTED, PAINTING, PLAIN_ACCEPTED
from api.schemas.hf import InferenceBody

PATHS = (
    Path(
        "/hf-inference/models/",
        {
            "POST": Operation(
                "hfInference",
                "Paint, as Hugging Face's Inference API does",
                "Hugging Face",
                [
                    Response(
                        {IMAGE: None},
                        (
                            *PAINTED,
                            "x-darkroom-seed",
                            "x-darkroom-ignored",
                            "x-darkroom-adjusted",
                        ),
                    ),
                    PLAIN_ACCEPTED,
                ],
                description="A picture may also be the whole body. The answer is the file itself.",
                request_body={JSON: InferenceBody, IMAGE: None},
                tail="{id}",
                parameters=[
                    Parameter("id", "An id of the Hub, or of `GET /v1/models`."),
                    *ASYNC_HEADERS,
                ],
                failures=(*PAINTING, *IN_BACKGROUND),
                secured=True,
            )
        },
        HF,
    ),
)
