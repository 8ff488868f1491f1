"""The operations of a Z-Image studio that paint."""

from api.dialects import STUDIO
from api.operation import EVENTS, IMAGE, JSON, Operation, Path, Response
from api.operations.common import ASYNC_HEADERS, IN_BACKGROUND, KEYED, PLAIN_ACCEPTED
from api.operations.studio import ASKING, SERVED, STUDIO_TAG
from api.schemas.studio_images import Layers, PaintingEvent
from darkroom.dialects.studio.generate_request import GenerateBody
from darkroom.dialects.studio.layer_request import DecomposeBody, EditLayerBody, EditMultiBody
from darkroom.errors import PictureOmitted

IGNORED = ("x-ignored", "x-darkroom-adjusted")
PAINTED = (*SERVED, "x-darkroom-attempts", "x-darkroom-cache", "x-seed", *IGNORED, *KEYED)
PAINTING = (*ASKING, PictureOmitted)
EXAMPLE = "https://example.com/photo.png"

GENERATE = Operation(
    "generate",
    "Paint a picture and answer with its file",
    STUDIO_TAG,
    [
        Response(
            {IMAGE: None, EVENTS: PaintingEvent},
            (*PAINTED, "x-generation-time", "x-history-id"),
        ),
        PLAIN_ACCEPTED,
    ],
    description="A PNG wherever that can be had. A studio's own model takes every field; others "
    "take what they know, and `x-ignored` names the rest. With `Accept: text/event-stream`, "
    "events tell how far it is, and the last one holds the picture.",
    request_body={JSON: GenerateBody},
    examples={
        "A picture": {"prompt": "A cat sleeping", "width": 1024, "height": 768, "seed": 42},
        "Under a template": {
            "prompt": "A cat sleeping",
            "template": "photorealistic",
            "thinking_content": "Orange fur, green eyes.",
            "strip_quotes": True,
        },
    },
    parameters=ASYNC_HEADERS,
    failures=(*PAINTING, *IN_BACKGROUND),
    secured=True,
)

DECOMPOSE = Operation(
    "decomposeImage",
    "Take a picture apart into layers",
    STUDIO_TAG,
    [Response({JSON: Layers}, (*SERVED, "x-darkroom-attempts", *IGNORED, *KEYED)), PLAIN_ACCEPTED],
    description="Layers are PNGs with transparency, all of one size.",
    request_body={JSON: DecomposeBody},
    examples={"A photo": {"image": EXAMPLE, "prompt": "a cat on a sofa", "layer_num": 4}},
    parameters=ASYNC_HEADERS,
    failures=(*PAINTING, *IN_BACKGROUND),
    secured=True,
)

EDIT_LAYER = Operation(
    "editLayer",
    "Change one layer as an instruction says",
    STUDIO_TAG,
    [Response({IMAGE: None}, (*PAINTED, "x-edit-time")), PLAIN_ACCEPTED],
    description="The layer's transparency is put back. Where that cannot be, `x-ignored` says "
    "`alpha`.",
    request_body={JSON: EditLayerBody},
    examples={"A layer": {"layer_image": EXAMPLE, "instruction": "make it red"}},
    parameters=ASYNC_HEADERS,
    failures=(*PAINTING, *IN_BACKGROUND),
    secured=True,
)

EDIT_MULTI = Operation(
    "editMulti",
    "Make one picture of several as an instruction says",
    STUDIO_TAG,
    [Response({IMAGE: None}, (*PAINTED, "x-inference-time", "x-image-count")), PLAIN_ACCEPTED],
    request_body={JSON: EditMultiBody},
    examples={
        "Two pictures": {"images": [EXAMPLE, EXAMPLE], "instruction": "put the cat on the sofa"}
    },
    parameters=ASYNC_HEADERS,
    failures=(*PAINTING, *IN_BACKGROUND),
    secured=True,
)

PATHS = (
    Path("/api/generate", {"POST": GENERATE}, STUDIO),
    Path("/api/qwen-image/decompose", {"POST": DECOMPOSE}, STUDIO),
    Path("/api/qwen-image/edit-layer", {"POST": EDIT_LAYER}, STUDIO),
    Path("/api/qwen-image/edit-multi", {"POST": EDIT_MULTI}, STUDIO),
)
