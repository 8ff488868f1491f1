"""The result of a task as a JSON value: the response body, or a file in base64."""

from dataclasses import replace

from darkroom.json_writer import JsonBlob, TextBlob
from darkroom.response_headers import JSON
from darkroom.stores.tasks import Result, Task


async def with_encoded_file(task: Task) -> Task:
    """The same task with the base64 of its result, where that is a file."""
    if task.result is None or _is_json(task.result):
        return task
    return replace(task, result=replace(task.result, base64=await task.result.body.to_base64()))


def result_field(task: Task) -> object:
    """The very answer that a waiting caller would have been given; None where there is none.

    A file is an object of `content_type` and `b64_json`: see `with_encoded_file`.
    """
    result = task.result
    if result is None:
        return None
    if _is_json(result):
        return JsonBlob(result.body)
    assert result.base64 is not None  # noqa: S101 - whoever describes a task encodes its file first
    kind = result.headers.get("content-type", "application/octet-stream")
    return {"content_type": kind, "b64_json": TextBlob(result.base64)}


def _is_json(result: Result) -> bool:
    return result.headers.get("content-type", JSON).startswith(JSON)
