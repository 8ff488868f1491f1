"""The studio's routes that paint, each with what `GET /openapi.json` tells of it."""

from darkroom.described import EVENTS, JSON, Answer, Described
from darkroom.dialects.studio.errors import STUDIO
from darkroom.dialects.studio.generate import read_generate
from darkroom.dialects.studio.generate_body import GenerateBody
from darkroom.dialects.studio.generate_schemas import Layers, PaintingEvent
from darkroom.dialects.studio.layer_bodies import DecomposeBody, EditLayerBody, EditMultiBody
from darkroom.dialects.studio.layers import read_decompose, read_edit_layer, read_edit_multi
from darkroom.dialects.studio.routes import ASKING, SERVED, STUDIO_TAG
from darkroom.endpoint import Endpoint
from darkroom.errors import PictureOmitted
from darkroom.tasks.dispatch import with_tasks
from darkroom.tasks.plain_shape import plain_shape

TASKS = plain_shape("studio")
IGNORED = ("x-ignored",)
PAINTED = (*SERVED, "x-darkroom-attempts", "x-darkroom-cache", "x-seed", *IGNORED)
PAINTING = (*ASKING, PictureOmitted)
EXAMPLE = "https://example.com/photo.png"

GENERATE = Described(
    "generate",
    with_tasks(read_generate, TASKS),
    "Paint a picture and answer with its file",
    STUDIO_TAG,
    [
        Answer(
            {"image/*": None, EVENTS: PaintingEvent},
            (*PAINTED, "x-generation-time", "x-history-id"),
        )
    ],
    about="A PNG wherever that can be had. A studio's own model takes every field; others take "
    "what they know, and `x-ignored` names the rest. With `Accept: text/event-stream`, events tell "
    "how far it is, and the last one holds the picture.",
    body=GenerateBody,
    examples={
        "A picture": {"prompt": "A cat sleeping", "width": 1024, "height": 768, "seed": 42},
        "Under a template": {
            "prompt": "A cat sleeping",
            "template": "photorealistic",
            "thinking_content": "Orange fur, green eyes.",
            "strip_quotes": True,
        },
    },
    failures=PAINTING,
    takes_token=True,
)

DECOMPOSE = Described(
    "decomposeImage",
    with_tasks(read_decompose, TASKS),
    "Take a picture apart into layers",
    STUDIO_TAG,
    [Answer({JSON: Layers}, (*SERVED, "x-darkroom-attempts", *IGNORED))],
    about="Layers are PNGs with transparency, all of one size.",
    body=DecomposeBody,
    examples={"A photo": {"image": EXAMPLE, "prompt": "a cat on a sofa", "layer_num": 4}},
    failures=PAINTING,
    takes_token=True,
)

EDIT_LAYER = Described(
    "editLayer",
    with_tasks(read_edit_layer, TASKS),
    "Change one layer as an instruction says",
    STUDIO_TAG,
    [Answer({"image/*": None}, (*PAINTED, "x-edit-time"))],
    about="The layer's transparency is put back. Where that cannot be, `x-ignored` says `alpha`.",
    body=EditLayerBody,
    examples={"A layer": {"layer_image": EXAMPLE, "instruction": "make it red"}},
    failures=PAINTING,
    takes_token=True,
)

EDIT_MULTI = Described(
    "editMulti",
    with_tasks(read_edit_multi, TASKS),
    "Make one picture of several as an instruction says",
    STUDIO_TAG,
    [Answer({"image/*": None}, (*PAINTED, "x-inference-time", "x-image-count"))],
    body=EditMultiBody,
    examples={
        "Two pictures": {"images": [EXAMPLE, EXAMPLE], "instruction": "put the cat on the sofa"}
    },
    failures=PAINTING,
    takes_token=True,
)

ENDPOINTS = (
    Endpoint("/api/generate", {"POST": GENERATE}, STUDIO),
    Endpoint("/api/qwen-image/decompose", {"POST": DECOMPOSE}, STUDIO),
    Endpoint("/api/qwen-image/edit-layer", {"POST": EDIT_LAYER}, STUDIO),
    Endpoint("/api/qwen-image/edit-multi", {"POST": EDIT_MULTI}, STUDIO),
)
