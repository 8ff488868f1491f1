"""AUTOMATIC1111's extra fields on the relay's `txt2img`, validated as its own dialect does."""

from collections.abc import Callable, Mapping
from typing import Any

from darkroom.dialects.a1111.generate_body import Kind, PaintBody, read_body
from darkroom.dialects.a1111.lists import apply_styles
from darkroom.dialects.relay.families import Family

A1111 = "a1111"  # whose fields, and whose names of models
_CHECKPOINT = "sd_model_checkpoint"
# What has an effect in that dialect and none here, unless it is what everybody sends.
_LOST: Mapping[str, object] = {
    "init_images": None,
    "mask": None,
    "inpainting_mask_invert": False,
    "include_init_images": False,
    "send_images": True,
    "override_settings_restore_afterwards": True,
}

Reader = Callable[[Mapping[str, Any], Family], Mapping[str, Any]]


class LongBody(PaintBody):
    """The same fields with prompts of any length: the relay has no limit of its own here."""

    prompt: str = ""
    negative_prompt: str = ""


def read_as_a1111(document: Mapping[str, Any], family: Family) -> Mapping[str, Any]:
    """A body with its styles in its prompts, and the size of its second pass as its size.

    The checkpoint that is set apart comes before `model`. What is merely a client's default is
    left out, so that nobody reports it. Raises `Unprocessable`.
    """
    read = read_body(document, Kind.TXT2IMG, LongBody)
    body, overrides = read.body, read.body.override_settings
    lost = {
        name for name, usual in _LOST.items() if read.fields.get(name, usual) not in (usual, [])
    }
    if set(overrides) - {_CHECKPOINT}:
        lost.add("override_settings")
    fields = {
        name: value
        for name, value in read.fields.items()
        if family.row(name) or name in lost or name in read.meant
    }
    if overrides.get(_CHECKPOINT):
        fields["model"] = overrides[_CHECKPOINT]
    if body.styles and body.prompt:
        fields["prompt"], fields["negative_prompt"] = apply_styles(
            body.prompt, body.negative_prompt, body.styles
        )
    if body.enable_hr and body.size is not None:
        fields["width"], fields["height"] = body.size
    return fields


# How a body is read before its family's rows are, by the name in the table.
READERS: Mapping[str, Reader] = {"": lambda document, _: document, A1111: read_as_a1111}
