"""The files that a job brings along: paths on the disk of whoever took the upload.

A path is refused neither at another Space nor at another replica of the same one, but the job
fails for want of the file.
"""

import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from .call import Call


def has_files(call: Call) -> bool:
    """Whether a join brings any."""
    return next(find_files(call.fields), None) is not None


def without_lost_files(call: Call, *, lose_all: bool) -> bytes:
    """A join's body in which the files that were uploaded elsewhere lead nowhere."""
    fields = call.fields
    lost = [file for file in find_files(fields) if lose_all or not is_at(call.space, file["path"])]
    for file in lost:
        # It stays in the folder of uploads, where all that is amiss is that there is no such file.
        path = PurePosixPath(file["path"])
        file["path"] = str(path.with_name("elsewhere") / path.name)
    return json.dumps(fields).encode() if lost else call.body


def is_at(space: str, path: str) -> bool:
    """Whether a file lies in the folder that the Space has for itself."""
    return space in PurePosixPath(path).parts


def find_files(value: Any) -> Iterator[dict[str, Any]]:
    """The objects in a JSON value that name a file by its path."""
    if isinstance(value, dict):
        path = value.get("path")
        if isinstance(path, str) and path.startswith("/"):
            yield value
        for part in value.values():
            yield from find_files(part)
    elif isinstance(value, list):
        for part in value:
            yield from find_files(part)
