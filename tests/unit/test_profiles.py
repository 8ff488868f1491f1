"""Profiles of V8, shared out to Python, Pyodide's FFI and the runtime."""

from typing import Any

from bench.profile import places


def profile_of(*calls: tuple[str, str, int]) -> dict[str, Any]:
    """A profile of calls: a function, its script's URL and microseconds."""
    return {
        "nodes": [
            {"id": number, "callFrame": {"functionName": name, "url": url}}
            for number, (name, url, _) in enumerate(calls)
        ],
        "samples": list(range(len(calls))),
        "timeDeltas": [us for *_, us in calls],
    }


def test_time_is_shared_out_by_place_and_what_is_outside_of_scripts_is_left_out() -> None:
    profile = profile_of(
        ("wasm-function[7]", "wasm://wasm/0249d42a", 30),
        ("wasm-function[8]", "wasm://wasm/0249d42a", 10),
        ("wasm-to-js", "", 3),
        ("JsvFunction_CallBound", "pyodide-internal:bootstrap.js", 4),
        ("fetch", "", 20),
        ("(garbage collector)", "", 2),
        ("(idle)", "", 1000),
        ("(program)", "", 100),
    )
    assert places(profile) == {
        "Python": 40,
        "the runtime's own functions": 20,
        "Pyodide's FFI": 7,
        "V8's garbage collector": 2,
    }


def test_a_profile_without_a_pause_is_shared_out_too() -> None:
    assert places(profile_of(("fetch", "", 5))) == {"the runtime's own functions": 5}
