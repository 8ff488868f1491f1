"""The ids by which callers name tasks."""

import re

# As any dialect spells it, or bare; `opengpu:` is how the relay calls work on a chain.
_ID = re.compile(
    "(?:direct:|opengpu:|task_|resp_)?([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"
)


def read_task_id(name: str) -> str | None:
    """The UUID of a task, however a dialect spells it; None for what is no id."""
    known = _ID.fullmatch(name)
    return known[1] if known else None
