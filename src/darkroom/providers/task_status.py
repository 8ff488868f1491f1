"""The status words of task APIs, in any spelling."""

import re
from collections.abc import Mapping
from enum import Enum, auto


class TaskState(Enum):
    """The state of a task; unknown where the word is missing or unknown here."""

    WAITING = auto()
    RUNNING = auto()
    DONE = auto()
    FAILED = auto()
    UNKNOWN = auto()


# Sources: reference/wire-formats.md B1, B4, B8, B9 and B11; the others are what similar APIs say.
_WORDS: Mapping[TaskState, str] = {
    TaskState.WAITING: """
        pending queued queueing in_queue waiting submitted accepted created scheduled suspended
        not_started new
    """,
    TaskState.RUNNING: """
        running processing in_progress is_process progressing started starting preparing
        initializing loading generating working executing active
    """,
    TaskState.DONE: """
        succeed succeeded success successful completed complete done finished ready ok
    """,
    TaskState.FAILED: """
        failed fail failure error errored cancelled canceled cancel aborted expired timeout
        timed_out rejected revoked
    """,
}
_STATES = {word: state for state, words in _WORDS.items() for word in words.split()}
_LONGEST_WORD_CHARS = 64


def task_state(status: object) -> TaskState:
    """The state that a status word stands for, whatever its case and separators."""
    if not isinstance(status, str) or len(status) > _LONGEST_WORD_CHARS:
        return TaskState.UNKNOWN
    word = re.sub(r"[\s-]", "_", status.strip().lower())
    return _STATES.get(word, TaskState.UNKNOWN)
