"""Bodies as FastAPI servers read them, and the 422 they answer with."""

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.responses import JSONResponse

from .call import Call
from .faults import Answer

Schema = TypeVar("Schema", bound=BaseModel)


def read_body(call: Call, schema: type[Schema]) -> Schema:
    """The body, checked. Ends the call in FastAPI's own 422 when it is not as it should be."""
    try:
        return schema.model_validate(_parse(call.raw_body))
    except ValidationError as error:
        details = json.loads(error.json(include_url=False))
        for detail in details:
            detail["loc"] = ["body", *detail["loc"]]
        raise unprocessable(*details) from error


def unprocessable(*details: dict[str, Any]) -> Answer:
    """`{"detail": [{"type", "loc", "msg", "input"}, ...]}`, as an exception."""
    return Answer(JSONResponse({"detail": details}, 422))


def missing(*where: str) -> dict[str, Any]:
    """The detail that says of a field that it is not there."""
    return {"type": "missing", "loc": where, "msg": "Field required", "input": None}


def _parse(raw: bytes) -> Any:
    if not raw:
        raise unprocessable(missing("body"))
    try:
        return json.loads(raw)
    except json.JSONDecodeError as error:
        raise unprocessable(
            {
                "type": "json_invalid",
                "loc": ["body", error.pos],
                "msg": "JSON decode error",
                "input": {},
                "ctx": {"error": error.msg},
            }
        ) from error
