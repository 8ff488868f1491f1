"""A stand-in for Google's Gemini API, generativelanguage.googleapis.com (wire-formats B2).

[[refuse]]          finishReason IMAGE_SAFETY and no content
[[refuse:prompt]]   promptFeedback.blockReason PROHIBITED_CONTENT and no candidates
[[finish:NO_IMAGE]] any other finishReason, and no content
[[twice]]           two pictures
[[jpeg]]            a JPEG, as happens now and then
"""

from .server import build as build
