"""The operations of a Z-Image studio: embeddings and conditioning on pictures."""

from api.dialects import STUDIO
from api.operation import IMAGE, JSON, Operation, Parameter, Path, Response
from api.operations.common import ASYNC_HEADERS, IN_BACKGROUND, KEYED, PLAIN_ACCEPTED
from api.operations.studio import ASKING, SERVED, STUDIO_TAG
from api.schemas.studio_embeddings import Cleared, Deleted, Encoded, Extracted, Saved
from darkroom.dialects.studio.embeddings import FILES
from darkroom.dialects.studio.errors import NotFound
from darkroom.dialects.studio.format_prompt import ChatPromptBody
from darkroom.dialects.studio.vision import (
    CACHE,
)
from darkroom.dialects.studio.vision_request import ExtractBody, VisionBody
from darkroom.errors import (
    CredentialMissing,
    CredentialRefused,
    DeadlineExceeded,
    InvalidRequest,
    NotConfigured,
    UpstreamUnavailable,
)

KEPT = (
    InvalidRequest,
    CredentialMissing,
    CredentialRefused,
    NotConfigured,
    UpstreamUnavailable,
    DeadlineExceeded,
)
PICTURE = "data:image/png;base64,iVBORw0KGgo="
_PROMPT = {"A prompt": {"prompt": "A cat sleeping"}}

ENCODE = Operation(
    "encodePrompt",
    "Tell how large a prompt's embedding is",
    STUDIO_TAG,
    [Response({JSON: Encoded}, SERVED)],
    description="It is made by a server of hidden states or a studio; without either it is a 503.",
    request_body={JSON: ChatPromptBody},
    examples=_PROMPT,
    failures=ASKING,
    secured=True,
)
SAVE = Operation(
    "saveEmbeddings",
    "Keep a prompt's embedding as a file of safetensors",
    STUDIO_TAG,
    [Response({JSON: Saved}, SERVED)],
    description="One tensor called `embeddings`, of float32, with its facts in a JSON beside it. "
    "The same prompt goes into the same file again. A studio keeps it on its own disk.",
    request_body={JSON: ChatPromptBody},
    examples=_PROMPT,
    failures=ASKING,
    secured=True,
)
FETCH = Operation(
    "fetchEmbeddings",
    "Fetch an embedding that you have kept",
    STUDIO_TAG,
    [Response({"application/octet-stream": None, JSON: None}, ("content-length",))],
    tail="{name}",
    parameters=[Parameter("name", "As the address of `POST /api/save-embeddings` has it.")],
    failures=[*KEPT, NotFound],
    secured=True,
)
EXTRACT = Operation(
    "extractVisionEmbeddings",
    "Keep a picture for others to resemble",
    STUDIO_TAG,
    [Response({JSON: Extracted}, (*SERVED, "x-vl-emulated"))],
    description="By a studio as its embedding; where there is none, or it fails, as a caption.",
    request_body={JSON: ExtractBody},
    examples={"A picture": {"image": PICTURE, "hidden_layer": -6}},
    failures=ASKING,
    secured=True,
)
GENERATE = Operation(
    "generateWithVision",
    "Paint a prompt so that it resembles a picture",
    STUDIO_TAG,
    [
        Response(
            {IMAGE: None},
            (
                *SERVED,
                "x-darkroom-attempts",
                "x-darkroom-cache",
                "x-generation-time",
                "x-history-id",
                "x-ignored",
                "x-darkroom-adjusted",
                "x-seed",
                "x-vl-alpha",
                "x-vl-blend-mode",
                "x-vl-emulated",
                *KEYED,
            ),
        ),
        PLAIN_ACCEPTED,
    ],
    description="Without a picture it is the prompt alone. Where no studio does it, the picture's "
    "caption goes into the prompt: `vl_alpha` is how much of it.",
    request_body={JSON: VisionBody},
    examples={
        "A picture": {"prompt": "A cat", "vl_image": PICTURE, "seed": 42},
    },
    parameters=ASYNC_HEADERS,
    failures=(*ASKING, *IN_BACKGROUND),
    secured=True,
)
DELETE = Operation(
    "deleteVisionEmbeddings",
    "Forget a picture that you have kept",
    STUDIO_TAG,
    [Response({JSON: Deleted})],
    tail="{id}",
    parameters=[Parameter("id", "From `POST /api/vl/extract`.", example="vl_90015098_d41d_L-2")],
    failures=[*KEPT, NotFound],
    secured=True,
)
CLEAR = Operation(
    "clearVisionEmbeddings",
    "Forget all pictures that you have kept",
    STUDIO_TAG,
    [Response({JSON: Cleared})],
    failures=KEPT,
    secured=True,
)

PATHS = (
    Path("/api/encode", {"POST": ENCODE}, STUDIO),
    Path("/api/save-embeddings", {"POST": SAVE}, STUDIO),
    Path(FILES, {"GET": FETCH}, STUDIO),
    Path("/api/vl/extract", {"POST": EXTRACT}, STUDIO),
    Path("/api/vl/generate", {"POST": GENERATE}, STUDIO),
    Path(CACHE, {"DELETE": DELETE}, STUDIO),
    Path(CACHE.rstrip("/"), {"DELETE": CLEAR}, STUDIO),
)
