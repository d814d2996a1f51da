"""Which tools agents ask for in one model call, so that what a meta-tool made can be put back as an agent would have asked for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import TypeAlias

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace

Together: TypeAlias = frozenset[tuple[str, str]]
"""Pairs of tools, the names of each sorted, that agents usually ask for at once where they call them one after the other."""


def find_asked_together(traces: Iterable[Trace], *, known: Together = frozenset()) -> Together:
    """The pairs that agents usually ask for at once, by their own calls.

    Args:
        known: pairs from before, for tools that these agents do not ask for themselves.
    """
    at_once: Counter[tuple[str, str]] = Counter()
    in_turn: Counter[tuple[str, str]] = Counter()
    for trace in traces:
        asked = [call for call in trace.tool_calls if call.model_call is not None]
        for one, other in pairwise(asked):
            if one.scope == other.scope:
                count = at_once if one.model_call == other.model_call else in_turn
                count[sort_pair(one.name, other.name)] += 1
    pairs = at_once.keys() | in_turn.keys()
    return frozenset(pair for pair in pairs if at_once[pair] > in_turn[pair]) | (known - pairs)


def sort_pair(one: str, other: str) -> tuple[str, str]:
    """Two tools, in any order."""
    return (one, other) if one <= other else (other, one)


def encode_together(together: Together) -> list[JSONValue]:
    """Plain data, as a plan keeps it."""
    return [list(pair) for pair in sorted(together)]


def read_together(data: JSONValue) -> Together:
    """The pairs that a plan says; anything else says none."""
    pairs = data if isinstance(data, list) else []
    return frozenset(
        sort_pair(*pair)
        for pair in pairs
        if isinstance(pair, list) and [type(name) for name in pair] == [str, str]
    )
