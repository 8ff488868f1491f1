"""The routes of a Z-Image studio's API."""

from darkroom.dialects.studio import status
from darkroom.dialects.studio.embeddings import (
    FILES,
    encode_prompt,
    fetch_embeddings,
    save_embeddings,
)
from darkroom.dialects.studio.errors import DIALECT, STUDIO
from darkroom.dialects.studio.format_prompt import format_prompt
from darkroom.dialects.studio.generate import read_generate
from darkroom.dialects.studio.history import clear_history, delete_item, get_item, list_history
from darkroom.dialects.studio.layers import read_decompose, read_edit_layer, read_edit_multi
from darkroom.dialects.studio.rewrite import rewrite_prompt
from darkroom.dialects.studio.vision import (
    CACHE,
    clear_embeddings,
    delete_embeddings,
    extract_embeddings,
)
from darkroom.dialects.studio.vision_generate import read_vision_generate
from darkroom.endpoint import Endpoint, Route, painting_route
from darkroom.tasks.plain_shape import plain_shape

SHAPE = plain_shape(DIALECT)
_GET = {
    "templates": status.list_templates,
    "resolution-config": status.get_resolution_config,
    "rewriters": status.list_rewriters,
    "rewriter-models": status.list_rewriter_models,
    "rewriter-config": status.get_rewriter_config,
    "vl/status": status.get_vision_status,
    "vl/config": status.get_vision_config,
    "qwen-image/config": status.get_qwen_image_config,
    "qwen-image/edit-status": status.get_edit_status,
}
_POST = {
    "format-prompt": format_prompt,
    "rewrite": rewrite_prompt,
    "encode": encode_prompt,
    "save-embeddings": save_embeddings,
    "vl/extract": extract_embeddings,
}
_PAINTING = {
    "generate": read_generate,
    "qwen-image/decompose": read_decompose,
    "qwen-image/edit-layer": read_edit_layer,
    "qwen-image/edit-multi": read_edit_multi,
    "vl/generate": read_vision_generate,
}

ENDPOINTS = (
    *(Endpoint(f"/api/{name}", {"GET": Route(each)}, STUDIO) for name, each in _GET.items()),
    *(Endpoint(f"/api/{name}", {"POST": Route(each)}, STUDIO) for name, each in _POST.items()),
    *(
        Endpoint(f"/api/{name}", {"POST": painting_route(read, SHAPE)}, STUDIO)
        for name, read in _PAINTING.items()
    ),
    Endpoint(FILES, {"GET": Route(fetch_embeddings)}, STUDIO),
    Endpoint(CACHE, {"DELETE": Route(delete_embeddings)}, STUDIO),
    Endpoint(CACHE.rstrip("/"), {"DELETE": Route(clear_embeddings)}, STUDIO),
    Endpoint("/api/history", {"GET": Route(list_history), "DELETE": Route(clear_history)}, STUDIO),
    Endpoint("/api/history/", {"GET": Route(get_item), "DELETE": Route(delete_item)}, STUDIO),
    Endpoint("/api/", {}, STUDIO),  # the last: whatever else begins like this
)
