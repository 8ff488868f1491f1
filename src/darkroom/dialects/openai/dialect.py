"""OpenAI's dialect, which also answers paths that belong to no other."""

from darkroom.dialects.openai import errors
from darkroom.endpoint import Dialect

OPENAI = Dialect("openai", errors.error_reply, errors.error_frame)
