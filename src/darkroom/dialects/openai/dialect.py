"""OpenAI's dialect, in whose shape paths that are nobody's are answered too."""

from darkroom.dialects.openai import errors
from darkroom.endpoint import Dialect

OPENAI = Dialect("openai", errors.error_reply, errors.error_frame)
