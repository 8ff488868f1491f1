"""A stand-in for a server of hidden states (studio-api.md §9): numbers that the text determines."""

import base64
import hashlib
import math
import random
import struct
from typing import Annotated

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from .call import Call
from .shared_state import Studio
from .standin import StandIn, post
from .studio.refusals import refuse
from .studio.server import word
from .validation import read_body

MODEL = "qwen3-4b-mlx"
DIM = 2560
CHARS_PER_TOKEN = 3.5


class Question(BaseModel):
    """What is asked."""

    input: str
    model: str = MODEL
    layer: int = -2
    max_length: Annotated[int, Field(gt=0)] = 512
    encoding_format: str = "float"


def build(studio: Studio) -> ASGIApp:
    """The server."""
    return StandIn(studio, word, work=[post("/v1/hidden_states", give)], needs_token=False)


async def give(call: Call) -> Response:
    """A row of numbers for each token, as base64 of float32 or written out."""
    question = read_body(call, Question)
    if question.model != MODEL:
        return refuse(422, f"Model {question.model} does not support hidden states")
    await call.heed(question.input)
    tokens = min(question.max_length, math.ceil(len(question.input) / CHARS_PER_TOKEN))
    packed = states(question.input, tokens)
    encoded = question.encoding_format == "base64"
    numbers = struct.unpack(f"<{tokens * DIM}f", packed)
    rows = [numbers[row * DIM : (row + 1) * DIM] for row in range(tokens)]
    return JSONResponse(
        {
            "hidden_states": base64.b64encode(packed).decode() if encoded else rows,
            "shape": [tokens, DIM],
            "encoding_format": question.encoding_format,
            "model": question.model,
            "layer": question.layer,
            "dtype": "float32",
        }
    )


def states(text: str, tokens: int) -> bytes:
    """Little-endian float32 from -1 to 1, the same for the same text."""
    numbers = random.Random(hashlib.sha256(text.encode()).digest())
    return struct.pack(f"<{tokens * DIM}f", *(numbers.uniform(-1, 1) for _ in range(tokens * DIM)))
