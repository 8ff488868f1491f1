"""Fixtures of the tiers that run a whole stack."""

pytest_plugins = ["tests.e2e.stack", "tests.e2e.probe", "tests.e2e.hostile"]
