"""What makes two calls the same: one rule for mining, replay, execution and monitoring.

The tool and its arguments as they were written. `null` is a value: a tool that has a default of its own does something else with
`null` than with nothing. `1`, `1.0` and `true` are three values, and the order of keys is none.
"""

from __future__ import annotations

from collections.abc import Mapping

from langchain_awo.model.text.encoding import compute_digest
from langchain_awo.model.text.json_value import JSONValue


def call_key(tool: str, args: Mapping[str, JSONValue]) -> str:
    """A key that is equal for calls of the same tool with equal arguments, and for no others.

    >>> call_key("get", {"a": 1, "b": None}) == call_key("get", {"b": None, "a": 1})
    True
    >>> call_key("get", {"a": 1, "b": None}) == call_key("get", {"a": 1})
    False
    """
    return f"{tool}:{compute_digest(args)}"


def get_tool(key: str) -> str:
    """The tool of a call's key."""
    return key.rsplit(":", 1)[0]
