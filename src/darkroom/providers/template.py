"""Request templates of the catalog, filled with a job.

`"{steps}"` alone stands for the job's value as it is; within a longer text, as in
`"{width}x{height}"`, for its words; `"{output_format|png}"` is `png` where the job says nothing.
Anything else goes out as it is written.
"""

import re
from collections.abc import Mapping

from darkroom.job import OPTIONS, STUDIO_OPTIONS, ImageJob

_FIELD = re.compile(r"\{(\w+)(?:\|(\w+))?\}")


def fill(value: object, job: ImageJob) -> object:
    """A template's value for a job; None where the job has none.

    Raises `AttributeError` for a field that no job has.
    """
    if isinstance(value, str):
        if match := _FIELD.fullmatch(value):
            return _field(match, job)
        return _FIELD.sub(lambda match: str(_field(match, job)), value)
    if isinstance(value, Mapping):
        return fill_object(value, job)
    if isinstance(value, list):
        return [fill(item, job) for item in value]
    return value


def fill_object(template: Mapping[str, object], job: ImageJob) -> dict[str, object]:
    """An object for a job, without the fields that the job has no value for."""
    filled = {name: fill(value, job) for name, value in template.items()}
    return {name: value for name, value in filled.items() if value is not None and value != {}}


def _field(match: re.Match[str], job: ImageJob) -> object:
    value = _value(match[1], job)
    return match[2] if value is None else value


def _value(name: str, job: ImageJob) -> object:
    if name in ("width", "height"):
        return getattr(job.size, name)
    if name in OPTIONS or name in STUDIO_OPTIONS:
        return job.options.get(name)
    return getattr(job, name)
