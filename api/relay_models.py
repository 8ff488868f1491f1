"""The JSON Schemas of the relay's models' requests and responses, as a data file."""

import json
from pathlib import Path

from pydantic import TypeAdapter

from api.schemas.relay_images import ANSWERS
from darkroom.dialects.relay.families import FAMILIES
from darkroom.dialects.relay.request_schemas import BODIES

FILE = Path(__file__).parents[1] / "src" / "darkroom" / "dialects" / "relay" / "model_schemas.json"


def model_schemas_json() -> str:
    """The text of the file: by family, the schemas of its requests and responses."""
    schemas = {
        family: {
            "request": BODIES[family].model_json_schema(),
            "response": TypeAdapter(ANSWERS[family]).json_schema(mode="serialization"),
        }
        for family in FAMILIES.by_id
    }
    lines = (f"{json.dumps(name)}:{json.dumps(each)}" for name, each in schemas.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"
