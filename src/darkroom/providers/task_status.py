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
    REFUSED = auto()  # for what the prompt or the picture shows
    FORGOTTEN = auto()
    UNKNOWN = auto()


# Sources: reference/wire-formats.md B1, B4, B8, B9 and B11; the others are what similar APIs say.
_WORDS: Mapping[TaskState, str] = {
    TaskState.WAITING: """
        pending queued queueing queuing queue in_queue wait waiting submit submitted accepted
        created scheduled suspended not_started new init initialized received dispatched 排队中
    """,
    TaskState.RUNNING: """
        running run processing process in_progress in_process is_process progress progressing
        started start starting preparing initializing loading generating working executing active
        doing rendering uploading finishing 处理中 生成中
    """,
    TaskState.DONE: """
        succeed succeeded success successful successfully completed complete done finished finish
        ready ok generated 成功 已完成
    """,
    TaskState.FAILED: """
        failed fail failure error errored cancelled canceled cancel aborted abort expired timeout
        timed_out time_out rejected revoked terminated killed stopped interrupted exception dead
        incomplete 失败 已取消
    """,
    TaskState.REFUSED: """
        moderated request_moderated content_moderated blocked content_blocked flagged
        content_filtered filtered censored banned nsfw sensitive 违规
    """,
    TaskState.FORGOTTEN: "not_found task_not_found no_such_task",
}
_SEPARATORS = re.compile(r"[\W_]+")
_PREFIXES = ("task_status_", "task_", "job_", "status_")
_LONGEST_WORD_CHARS = 64


def _bare(word: str) -> str:
    return _SEPARATORS.sub("", word.lower())


_STATES = {
    _bare(prefix + word): state
    for prefix in ("", *_PREFIXES)
    for state, words in _WORDS.items()
    for word in words.split()
}


def task_state(status: object) -> TaskState:
    """The state that a status word stands for, whatever its case, separators and prefix."""
    if not isinstance(status, str) or len(status) > _LONGEST_WORD_CHARS:
        return TaskState.UNKNOWN
    return _STATES.get(_bare(status), TaskState.UNKNOWN)
