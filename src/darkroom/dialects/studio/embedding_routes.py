"""The routes of embeddings and conditioning, each with what `GET /openapi.json` tells of it."""

from darkroom.described import JSON, Answer, Described, Parameter
from darkroom.dialects.studio.bodies import PromptBody
from darkroom.dialects.studio.embedding_schemas import Cleared, Deleted, Encoded, Extracted, Saved
from darkroom.dialects.studio.embeddings import (
    FILES,
    encode_prompt,
    fetch_embeddings,
    save_embeddings,
)
from darkroom.dialects.studio.errors import STUDIO, NotFound
from darkroom.dialects.studio.routes import ASKING, SERVED, STUDIO_TAG
from darkroom.dialects.studio.vision import (
    CACHE,
    clear_embeddings,
    delete_embeddings,
    extract_embeddings,
)
from darkroom.dialects.studio.vision_generate import read_vision_generate
from darkroom.dialects.studio.vision_request import ExtractBody, VisionBody
from darkroom.endpoint import Endpoint
from darkroom.errors import (
    CredentialMissing,
    CredentialRefused,
    DeadlineExceeded,
    InvalidRequest,
    NotConfigured,
    UpstreamUnavailable,
)
from darkroom.tasks.dispatch import with_tasks
from darkroom.tasks.plain_shape import plain_shape

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

ENCODE = Described(
    "encodePrompt",
    encode_prompt,
    "Tell how large a prompt's embedding is",
    STUDIO_TAG,
    [Answer({JSON: Encoded}, SERVED)],
    about="It is made by a server of hidden states or a studio; without either it is a 503.",
    body=PromptBody,
    examples=_PROMPT,
    failures=ASKING,
    takes_token=True,
)
SAVE = Described(
    "saveEmbeddings",
    save_embeddings,
    "Keep a prompt's embedding as a file of safetensors",
    STUDIO_TAG,
    [Answer({JSON: Saved}, SERVED)],
    about="One tensor called `embeddings`, of float32, with its facts in a JSON beside it. The "
    "same prompt goes into the same file again. A studio keeps it on its own disk.",
    body=PromptBody,
    examples=_PROMPT,
    failures=ASKING,
    takes_token=True,
)
FETCH = Described(
    "fetchEmbeddings",
    fetch_embeddings,
    "Fetch an embedding that you have kept",
    STUDIO_TAG,
    [Answer({"application/octet-stream": None, JSON: None}, ("content-length",))],
    tail="{name}",
    parameters=[Parameter("name", "As the address of `POST /api/save-embeddings` has it.")],
    failures=[*KEPT, NotFound],
    takes_token=True,
)
EXTRACT = Described(
    "extractVisionEmbeddings",
    extract_embeddings,
    "Keep a picture for others to resemble",
    STUDIO_TAG,
    [Answer({JSON: Extracted}, (*SERVED, "x-vl-emulated"))],
    about="By a studio as its embedding; where there is none, or it fails, as a caption.",
    body=ExtractBody,
    examples={"A picture": {"image": PICTURE, "hidden_layer": -6}},
    failures=ASKING,
    takes_token=True,
)
GENERATE = Described(
    "generateWithVision",
    with_tasks(read_vision_generate, plain_shape("studio")),
    "Paint a prompt so that it resembles a picture",
    STUDIO_TAG,
    [
        Answer(
            {"image/*": None},
            (
                *SERVED,
                "x-darkroom-attempts",
                "x-darkroom-cache",
                "x-generation-time",
                "x-history-id",
                "x-ignored",
                "x-seed",
                "x-vl-alpha",
                "x-vl-blend-mode",
                "x-vl-emulated",
            ),
        )
    ],
    about="Without a picture it is the prompt alone. Where no studio does it, the picture's "
    "caption goes into the prompt: `vl_alpha` is how much of it.",
    body=VisionBody,
    examples={
        "A picture": {"prompt": "A cat", "vl_image": PICTURE, "seed": 42},
    },
    failures=ASKING,
    takes_token=True,
)
DELETE = Described(
    "deleteVisionEmbeddings",
    delete_embeddings,
    "Forget a picture that you have kept",
    STUDIO_TAG,
    [Answer({JSON: Deleted})],
    tail="{id}",
    parameters=[Parameter("id", "From `POST /api/vl/extract`.", example="vl_90015098_d41d_L-2")],
    failures=[*KEPT, NotFound],
    takes_token=True,
)
CLEAR = Described(
    "clearVisionEmbeddings",
    clear_embeddings,
    "Forget all pictures that you have kept",
    STUDIO_TAG,
    [Answer({JSON: Cleared})],
    failures=KEPT,
    takes_token=True,
)

ENDPOINTS = (
    Endpoint("/api/encode", {"POST": ENCODE}, STUDIO),
    Endpoint("/api/save-embeddings", {"POST": SAVE}, STUDIO),
    Endpoint(FILES, {"GET": FETCH}, STUDIO),
    Endpoint("/api/vl/extract", {"POST": EXTRACT}, STUDIO),
    Endpoint("/api/vl/generate", {"POST": GENERATE}, STUDIO),
    Endpoint(CACHE, {"DELETE": DELETE}, STUDIO),
    Endpoint(CACHE.rstrip("/"), {"DELETE": CLEAR}, STUDIO),
)
