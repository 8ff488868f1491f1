"""Directives in a prompt, `a cat [[sleep:2.5]]`, by which a caller makes a stand-in misbehave."""

import re

DIRECTIVE = re.compile(r"\[\[(\w+)(?::([^\]]*))?\]\]")


class Directives(dict[str, str]):
    """`{"sleep": "2", "none": ""}`: names and arguments, in the order written."""

    def number(self, name: str, default: float) -> float:
        """The argument as a number; `default` without one."""
        try:
            return float(self.get(name) or default)
        except ValueError:
            return default


def parse_directives(prompt: str) -> Directives:
    """`"a cat [[sleep:2]] [[none]]"` -> `{"sleep": "2", "none": ""}`"""
    return Directives(DIRECTIVE.findall(prompt))
