"""Fixtures of the tiers that run a whole stack, and how tests are shared out to workers."""

import functools
import gc
import ssl

import pytest
from _pytest.nodeid import NodeId
from hypothesis import settings

pytest_plugins = ["tests.e2e.stack", "tests.e2e.probe", "tests.e2e.hostile", "tests.e2e.inside"]

# Thousands of tests stay until the end: to walk them again and again took a twentieth of the time.
gc.disable()

# Each HTTP client would read the certificates anew, 30 ms of CPU, and tests have thousands.
ssl.create_default_context = functools.cache(ssl.create_default_context)  # type: ignore[assignment]

# `make test-slow` takes the second.
settings.register_profile("default", max_examples=10, deadline=None)
settings.register_profile("thorough", max_examples=300, deadline=None)
settings.load_profile("default")

# Servers that tests share, by the fixture that starts them; those with most to do begin first.
SERVERS = ("stack", "hostile_stack", "inside", "bundle", "apis", "spaces", "probe")
LONG = "test_commands"  # starts servers of its own, and would be the last to end
STACKS = 2  # at once, as one alone takes longer than all else beside it
# By the length of a file's name, but for this, which starts Workers of its own beside the stack.
STACK_OF = {"test_second_worker": 1}


def pytest_collection_finish() -> None:
    """Collect garbage from here on, of what is new."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep tests that share a server in one worker of pytest-xdist, so that each starts once.

    `--dist loadgroup` reads the group from the end of a test's id. pytest-xdist 3.8 writes it there
    for marked tests by an attribute that pytest 9.2 no longer has, so that it is written here.
    """
    places = {}
    for item in items:
        place, group = _group_of(item)
        if hasattr(config, "workerinput"):
            item._id = NodeId.parse(f"{item.nodeid}@{group}")
        places[item] = place
    items.sort(key=places.__getitem__)


def _group_of(item: pytest.Item) -> tuple[int, str]:
    """The place of a test's group among the groups, and its name."""
    assert isinstance(item, pytest.Function)
    for place, server in enumerate(SERVERS):
        if server not in item.fixturenames:
            continue
        if server == "stack":
            stem = item.path.stem
            return place, f"{server} {STACK_OF.get(stem, len(stem) % STACKS)}"
        if server == "bundle":  # of which each file starts a Worker of its own
            return place, f"{server} {item.path.stem}"
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        return place, f"{server} {parameters.get(server, '')}".strip()
    place = SERVERS.index("inside") if item.path.stem == LONG else len(SERVERS)
    return place, item.path.stem
