"""AUTOMATIC1111's further fields, read as in its own dialect, in the words of the relay's table."""

from collections.abc import Callable, Mapping
from typing import Any

from darkroom.dialects.a1111.body import Kind, read_body
from darkroom.dialects.a1111.lists import apply_styles
from darkroom.dialects.relay.families import Family

Reader = Callable[[Mapping[str, Any], Family], Mapping[str, Any]]


def read_as_a1111(document: Mapping[str, Any], family: Family) -> Mapping[str, Any]:
    """A body with its styles in its prompts, and the size of its second pass as its size.

    What is merely a client's default is left out, so that nobody reports it. Raises
    `Unprocessable`.
    """
    read = read_body(document, Kind.TXT2IMG)
    body = read.body
    fields = {
        name: value for name, value in read.fields.items() if family.row(name) or name in read.meant
    }
    if body.styles and body.prompt:
        fields["prompt"], fields["negative_prompt"] = apply_styles(
            body.prompt, body.negative_prompt, body.styles
        )
    if body.enable_hr and body.size is not None:
        fields["width"], fields["height"] = body.size
    return fields


# How a body is read before its family's rows are, by the name in the table.
READERS: Mapping[str, Reader] = {"": lambda document, _: document, "a1111": read_as_a1111}
