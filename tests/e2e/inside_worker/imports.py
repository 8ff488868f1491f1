"""What importing the Worker leaves behind in an isolate, as Python sees it there."""

import gc
import random
import sys
import types
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from importlib import _bootstrap_external, import_module
from typing import Any

import js
from pyodide.ffi import JsProxy

_STRUCT_BYTES, _USED_FIELD = 40, 7  # of C's `mallinfo`
_pyodide = import_module("pyodide_js")._module
_loader: Any = _bootstrap_external._LoaderBasics  # type: ignore[attr-defined]
_struct = _pyodide._malloc(_STRUCT_BYTES)


def used_bytes() -> int:
    """The bytes of Python's heap that are in use."""
    _pyodide._mallinfo(_struct)
    return int(_pyodide.HEAP32[_struct // 4 + _USED_FIELD])


def heap_bytes() -> int:
    """The bytes that Python's heap has ever needed at once: it never shrinks."""
    return int(_pyodide._sbrk(0))


@dataclass(slots=True)
class Imported:
    """What an import came to.

    `grown` are the bytes that the import of each module added to the heap, without those of the
    modules that it imports; `random` names the modules in whose import randomness was drawn,
    `javascript` the values of JavaScript's that the package's modules hold, `walked` counts the
    objects that Python's garbage collector looks through.
    """

    used: int = 0
    heap: int = 0
    walked: int = 0
    grown: dict[str, int] = field(default_factory=dict)
    random: list[str] = field(default_factory=list)
    javascript: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def watch_import(name: str) -> tuple[Any, Imported]:
    """Import a module, and say what that came to."""
    import pydantic_core

    pydantic_core.SchemaValidator({"type": "any"})
    found, execute = Imported(), _loader.exec_module
    inner: list[int] = [0]

    def watched(loader: object, module: types.ModuleType) -> None:
        before, drawn = used_bytes(), entropy.count
        inner.append(0)
        execute(loader, module)
        grown = used_bytes() - before
        found.grown[module.__name__] = grown - inner.pop()
        inner[-1] += grown
        if entropy.count > drawn:
            found.random.append(module.__name__)

    state = random.getstate()
    entropy = Entropy()
    _loader.exec_module = watched
    module = import_module(name)
    _loader.exec_module = execute
    entropy.end()
    if random.getstate() != state:
        found.random.append("random")
    gc.collect()
    found.used, found.heap, found.walked = used_bytes(), heap_bytes(), len(gc.get_objects())
    own = [module for name, module in sys.modules.items() if name.partition(".")[0] == "darkroom"]
    found.javascript = javascript_values([*own, module])
    return module, found


class Entropy:
    """Counts the calls of `crypto.getRandomValues`, from which all of Python's randomness comes.

    Python cannot be called from there, so an array's `push` takes the place of that function.
    """

    def __init__(self) -> None:
        self._calls = js.Array.new()
        self._real = js.crypto.getRandomValues.bind(js.crypto)
        _define_random_values(js.Array.prototype.push.bind(self._calls))

    @property
    def count(self) -> int:
        """How often randomness was drawn."""
        return int(self._calls.length)

    def end(self) -> None:
        """Stop counting."""
        _define_random_values(self._real)


def _define_random_values(function: Any) -> None:
    descriptor = js.Object.new()
    descriptor.configurable, descriptor.value = True, function
    js.Object.defineProperty(js.crypto, "getRandomValues", descriptor)


def javascript_values(modules: list[types.ModuleType]) -> list[str]:
    """Values of JavaScript's that modules hold, in whatever Python value: no snapshot keeps them.

    Classes and the modules of JavaScript's own are found again by their names.
    """
    return sorted({repr(value)[:200] for value in _reachable(modules) if _is_instance(value)})


def _is_instance(value: object) -> bool:
    return (
        isinstance(value, JsProxy)
        and value.typeof != "function"
        and not any(value is module for module in sys.modules.values())
    )


def _reachable(modules: list[types.ModuleType]) -> Iterator[object]:
    """Everything that modules lead to, but what other modules are."""
    waiting: list[object] = [vars(module) for module in modules]
    ours = {id(vars(module)) for module in modules}
    others = {id(vars(module)) for module in sys.modules.values() if hasattr(module, "__dict__")}
    seen = {id(value) for value in (waiting, ours, others, sys.modules, vars(sys))}
    seen |= others - ours
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        yield value
        if not isinstance(value, types.ModuleType | JsProxy | types.FrameType):
            waiting += gc.get_referents(value)
