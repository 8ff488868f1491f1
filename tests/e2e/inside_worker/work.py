"""A count of what requests make Python do, as Python sees it inside an isolate.

`sys.monitoring` reports each call and each function that begins. Time does not enter into it, so
that the counts are the same on every machine.
"""

import sys
from collections import Counter
from types import CodeType
from typing import Any

from darkroom.edge import event_loop, timers

_monitoring: Any = vars(sys)["monitoring"]  # of Python 3.12 and newer
_TOOL = _monitoring.PROFILER_ID
_EVENTS = _monitoring.events
_COUNTED: dict[CodeType, str] = {
    timers.Callback.run.__code__: "turns",
    timers.SharedTimers._set.__code__: "timers",
    event_loop._create_task.__code__: "tasks",
}
_CONVERSIONS = {"create_proxy", "create_once_callable", "to_js"}


class Work:
    """The counts between `begin` and `end`.

    `crossings` are calls into JavaScript and values made for it, `turns` the resumptions of tasks
    and other callbacks of the event loop, `timers` those of JavaScript that are set, `tasks` the
    tasks that are made. `places` tells where the crossings are.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._places: Counter[str] = Counter()

    def begin(self) -> None:
        """Count from now on."""
        self._counts.clear()
        self._places.clear()
        _monitoring.use_tool_id(_TOOL, "work")
        _monitoring.register_callback(_TOOL, _EVENTS.CALL, self._note_call)
        _monitoring.register_callback(_TOOL, _EVENTS.PY_START, self._note_start)
        _monitoring.set_events(_TOOL, _EVENTS.CALL | _EVENTS.PY_START)

    def end(self) -> dict[str, Any]:
        """The counts."""
        _monitoring.set_events(_TOOL, 0)
        _monitoring.free_tool_id(_TOOL)
        return {**self._counts, "places": dict(self._places)}

    def _note_call(self, code: CodeType, offset: int, called: object, argument: object) -> None:
        is_conversion = getattr(called, "__name__", None) in _CONVERSIONS
        if is_conversion or type(called).__name__.startswith("Js"):  # methods are no `JsProxy`
            self._counts["crossings"] += 1
            line = next((line for first, end, line in code.co_lines() if first <= offset < end), 0)
            self._places[f"{code.co_filename.rpartition('/')[2]}:{line} {code.co_name}"] += 1

    def _note_start(self, code: CodeType, offset: int) -> None:
        self._counts["functions"] += 1
        if (name := _COUNTED.get(code)) is not None:
            self._counts[name] += 1
