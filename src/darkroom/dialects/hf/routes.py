"""The route of Hugging Face's Inference API."""

from darkroom.dialects.hf.errors import error_frame, error_reply
from darkroom.dialects.hf.inference import MODELS, read_inference_request
from darkroom.endpoint import Dialect, Endpoint, painting_route
from darkroom.tasks.plain_shape import plain_shape

HF = Dialect("hf", error_reply, error_frame)
SHAPE = plain_shape("hf")

ENDPOINTS = (
    Endpoint(MODELS, {"POST": painting_route(read_inference_request, SHAPE, takes_file=True)}, HF),
)
