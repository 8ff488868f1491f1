"""The tools of the MCP server as a data file: their words, and the schemas that check them."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from api.schemas import mcp
from api.schemas.openai_requests import LIMITS
from darkroom.dialects.mcp.enhancing import EnhanceArguments
from darkroom.dialects.mcp.jobs import CancelArguments, JobArguments
from darkroom.dialects.mcp.models import ModelsArguments
from darkroom.dialects.mcp.painting import RETURNS
from darkroom.dialects.mcp.tools import TOOLS_FILE
from darkroom.generation.parameters import MAX_IMAGES, ImageBody

FILE, WORDS = TOOLS_FILE, Path(__file__).parent / "mcp_tools.toml"

_TEXT = {"type": "string"}
# Of arguments that are read before the model checks the others, or by its side.
_OWN: Mapping[str, dict[str, Any]] = {
    "image": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "maxItems": MAX_IMAGES}]},
    "mask": _TEXT,
    "return": {"type": "string", "enum": list(RETURNS), "default": "preview"},
    "async": {"type": "boolean", "default": False},
}
_MODELS: Mapping[str, type[BaseModel]] = {
    "list_models": ModelsArguments,
    "get_job": JobArguments,
    "cancel_job": CancelArguments,
    "enhance_prompt": EnhanceArguments,
}
_LONGEST = 10_000  # of a text: beyond that a limit tells a model nothing


def tools_json() -> str:
    """The text of the file: a list with a line for each tool."""
    words = tomllib.loads(WORDS.read_text("utf-8"))
    tools = (_tool(row, words["words"]) for row in words["tool"])
    lines = (json.dumps(tool, separators=(",", ":")) for tool in tools)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _tool(row: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    name = row["name"]
    model = _MODELS.get(name, ImageBody)
    schemas = model.model_json_schema()["properties"]
    arguments = {
        each: {"description": words[each], **_plain(each, schemas, model)}
        for each in row["arguments"]
    }
    required = {"required": row["required"]} if "required" in row else {}
    return {
        "name": name,
        "title": row["title"],
        "description": row["description"],
        "inputSchema": {"type": "object", "properties": arguments, **required},
        "outputSchema": _output(row["output"]),
        "annotations": {"title": row["title"], **row["annotations"]},
    }


def _plain(name: str, schemas: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """A field's schema, without what tells a model nothing."""
    if name in _OWN and model is ImageBody:
        return dict(_OWN[name])
    schema = {key: value for key, value in schemas[name].items() if key != "title"}
    kinds = [kind for kind in schema.pop("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        schema |= kinds[0]
    elif kinds:
        schema["anyOf"] = kinds
    if schema.get("default") in (None, "", False):
        schema.pop("default", None)
    if schema.get("maxLength", 0) > _LONGEST:
        del schema["maxLength"]
    return {**schema, **(LIMITS.get(name, {}) if model is ImageBody else {})}


def _output(name: str) -> dict[str, Any]:
    schema = TypeAdapter(getattr(mcp, name)).json_schema(mode="serialization")
    return dict(_untitled(schema))


def _untitled(value: Any) -> Any:
    """A schema without titles and descriptions, which repeat the names."""
    if isinstance(value, dict):
        return {
            key: _untitled(item)
            for key, item in value.items()
            if not (key in ("title", "description") and isinstance(item, str))
        }
    return [_untitled(item) for item in value] if isinstance(value, list) else value
