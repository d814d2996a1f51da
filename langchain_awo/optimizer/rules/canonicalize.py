"""Canonical calls: which argument values select the action, and which merely carry data.

before::

    http(method="POST", path="/login", body={...})  http(method="GET", path="/orders", query="a")

after::

    http(method=POST, path=/login)                  http(method=GET, path=/orders)

A rule decides if there is one. Else an argument selects only if all of this holds; when in doubt it is data:

- nearly every call of the tool has it, and its values are words: texts without dates, ids, addresses or sentences;
- there are few of them for the number of calls, and nearly all calls have a value that several tasks use;
- knowing the value tells most of what else differs: the names of the other arguments, the shape of the output, or the
  call that follows. Calls that do the same whatever the value is are one action with data.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from langchain_awo.model.ir.canonical import CanonicalCall
from langchain_awo.model.rules import HOLE
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.log.words_in_text import as_word

MIN_CALLS: Final = 12
"""With fewer calls of a tool nothing is inferred."""

MAX_VALUES: Final = 20
"""A tool with more actions than this is not told apart by one argument."""

MAX_VALUES_PER_CALL: Final = 0.2
"""Values that select are few for the number of calls."""

PRESENT: Final = 0.95
"""Share of the calls that must have the argument, and share that must have a value which several tasks use."""

TOLD: Final = 0.6
"""Share of the differences that knowing the value must explain (Goodman and Kruskal's lambda)."""

_NOT_A_WORD: Final = re.compile(r"\d{3}|@|\d{1,2}[:/.-]\d{1,2}|[0-9a-fA-F]{8}-|\n")
_MAX_LENGTH: Final = 40
_MAX_WORDS: Final = 3


@dataclass(frozen=True, slots=True)
class Sighting:
    """A recorded call as far as it tells what its arguments mean.

    Attributes:
        args: after the normalising rules.
        following: the tool called next, empty at the end.
    """

    task: str
    tool: str
    args: Mapping[str, JSONValue]
    output: JSONValue
    following: str


@dataclass(frozen=True, slots=True)
class Inferred:
    """An argument that selects the action, with its evidence.

    Attributes:
        values: how many distinct ones there are.
        told: what knowing the value tells, and how much of it.
    """

    key: str
    values: int
    calls: int
    told: str


def canonicalize_call(tool: str, args: Mapping[str, JSONValue], selectors: Iterable[str]) -> CanonicalCall:
    """A call with only the values that select the action."""
    kept = ((key, as_text(args[key])) for key in sorted(selectors) if key in args and args[key] != HOLE)
    return CanonicalCall(tool, tuple(kept))


def as_text(value: JSONValue) -> str:
    """A selecting value as it is shown."""
    return value if isinstance(value, str) else as_word(value)


def infer_selectors(sightings: Iterable[Sighting]) -> dict[str, tuple[Inferred, ...]]:
    """Which arguments of each tool select the action; tools with one action only are left out."""
    by_tool: dict[str, list[Sighting]] = defaultdict(list)
    for sighting in sightings:
        by_tool[sighting.tool].append(sighting)
    inferred = {
        tool: _infer_of_tool(calls) for tool, calls in sorted(by_tool.items()) if len(calls) >= MIN_CALLS
    }
    return {tool: found for tool, found in inferred.items() if found}


def _infer_of_tool(calls: Sequence[Sighting]) -> tuple[Inferred, ...]:
    keys = sorted({key for call in calls for key in call.args})
    return tuple(found for key in keys if (found := _infer_of_key(key, calls)))


def _infer_of_key(key: str, calls: Sequence[Sighting]) -> Inferred | None:
    having = [call for call in calls if isinstance(call.args.get(key), str)]
    if len(having) < PRESENT * len(calls):
        return None
    values = Counter(call.args[key] for call in having)
    if not 2 <= len(values) <= min(MAX_VALUES, MAX_VALUES_PER_CALL * len(calls)):  # noqa: PLR2004  # one value selects nothing
        return None
    if not all(map(_is_word, values)) or not _is_shared(key, having):
        return None
    told = _explain_value(key, having)
    return Inferred(key, len(values), len(having), told) if told else None


def _is_word(value: str) -> bool:
    return (
        0 < len(value) <= _MAX_LENGTH
        and len(value.split()) <= _MAX_WORDS
        and value != HOLE
        and not _NOT_A_WORD.search(value)
    )


def _is_shared(key: str, having: Sequence[Sighting]) -> bool:
    """Whether nearly all calls have a value that more than one task uses."""
    tasks: dict[str, set[str]] = defaultdict(set)
    for call in having:
        tasks[call.args[key]].add(call.task)
    return sum(len(tasks[call.args[key]]) > 1 for call in having) >= PRESENT * len(having)


def _explain_value(key: str, having: Sequence[Sighting]) -> str:
    """What the value tells most about, with the share it explains; empty if it is too little."""
    aspects: dict[str, list[tuple[str, Hashable]]] = {
        "the other arguments": [(call.args[key], tuple(sorted(call.args.keys() - {key}))) for call in having],
        "the shape of the output": [(call.args[key], _describe_shape(call.output)) for call in having],
        # the end of a run and a call that repeats itself say where a call stood, not what it did
        "the next call": [
            (call.args[key], call.following) for call in having if call.following not in ("", call.tool)
        ],
    }
    shares = {name: _measure_explained(seen, least=len(having) / 2) for name, seen in aspects.items()}
    name = max(shares, key=lambda each: (shares[each], each))
    return f"{name} ({shares[name]:.0%})" if shares[name] >= TOLD else ""


def _describe_shape(output: JSONValue) -> str:
    if isinstance(output, dict):
        words = [key for key in output if not _NOT_A_WORD.search(key)]
        return f"object {sorted(words)}" if len(words) == len(output) else "object by data"
    if isinstance(output, list):
        return f"list of {_describe_shape(output[0])}" if output else "list"
    return type(output).__name__


def _measure_explained(seen: Sequence[tuple[str, Hashable]], *, least: float) -> float:
    """Share of the wrong guesses about what was seen that knowing the value avoids; 0 if too little was seen."""
    total = len(seen)
    blind = max(Counter(what for _, what in seen).values(), default=0)
    if total < least or total == blind:
        return 0.0
    by_value: dict[str, Counter[Hashable]] = defaultdict(Counter)
    for value, what in seen:
        by_value[value][what] += 1
    informed = sum(max(counts.values()) for counts in by_value.values())
    return (informed - blind) / (total - blind)
