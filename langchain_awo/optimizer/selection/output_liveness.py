"""Which places of a tool's outputs the recorded agents went on to use: in arguments of later calls, or in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from langchain_awo.model.ir.pointer import escape, split
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.dataflow.named_members import DATA_KEY
from langchain_awo.optimizer.log.corpus import Call, Corpus, Run
from langchain_awo.optimizer.log.words_in_text import as_word, iterate_scalars
from langchain_awo.optimizer.selection.mentions import Sayings, collect_sayings, is_telling, says

SAMPLE: Final = 1_000
"""Outputs of a tool that are looked at."""

MAX_LEAVES: Final = 5_000
"""Leaves of one output that are looked at."""

MANY: Final = 64
"""Distinct values of a place that are counted; beyond that there are many."""

Seen: TypeAlias = tuple[Run, Call]
"""One successful call and the run it is of."""


@dataclass(slots=True)
class PlaceUse:
    """What became of one place of a tool's outputs.

    Attributes:
        outputs: outputs that had a value there by which use can be told.
        used: of these, those of which the agent used a value there afterwards.
        tasks: distinct tasks among them.
        values: distinct values, as far as they are counted.
        characters: that it takes of the JSON text of all outputs, with its key.
    """

    outputs: int = 0
    used: int = 0
    tasks: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    characters: int = 0


def fresh_of(
    values: Iterable[JSONValue], args: Mapping[str, JSONValue], run: Run, *, before: int
) -> list[JSONValue]:
    """Of what a call returned, the values that say something and that nobody had read before.

    Args:
        args: what was called for is nothing new, whether it is a number here and a text there.
        run: whose text says what had been read.
        before: position in that text.
    """
    asked = {as_word(leaf) for leaf in iterate_scalars(args)}
    return [
        value
        for value in values
        if is_telling(value) and as_word(value) not in asked and not run.known(value, before=before)
    ]


def uses_of(corpus: Corpus, tool: str) -> tuple[dict[str, PlaceUse], int]:
    """By pointer, what became of each place of a tool's outputs; and how many outputs were looked at.

    Only outputs after which the agent said something count.
    """
    calls = list_calls(corpus, tool)
    stride = max(1, len(calls) // SAMPLE)
    sampled = calls[::stride]
    sayings: dict[str, Sayings] = {}
    uses: dict[str, PlaceUse] = {}
    read = 0
    for run, call in sampled:
        if not _has_spoken_after(run, call):
            continue
        read += 1
        if run.trace_id not in sayings:
            sayings[run.trace_id] = collect_sayings(run)
        _note_uses(call, run.task, sayings[run.trace_id].after(call.end), uses)
    return uses, read


def _has_spoken_after(run: Run, call: Call) -> bool:
    """Whether the agent's own words after a call were recorded: without them nobody knows what it read."""
    return any(start >= call.end for start, _ in run.words)


def list_calls(corpus: Corpus, tool: str) -> list[Seen]:
    """Every successful call of a tool, in order."""
    return [
        (run, call)
        for run, segment in corpus.segments()
        for current in segment.rounds
        for call in current.calls
        if call.tool == tool and call.ok
    ]


def list_leaves(output: JSONValue) -> Iterator[tuple[str, JSONValue]]:
    """The scalars of an output with their pointers, `*` for elements of lists and for keys that are data."""
    stack: list[tuple[str, JSONValue]] = [("", output)]
    count = 0
    while stack and count < MAX_LEAVES:
        place, value = stack.pop()
        if isinstance(value, dict):
            stack.extend((f"{place}/{_generalize_key(key)}", member) for key, member in value.items())
        elif isinstance(value, list):
            stack.extend((f"{place}/*", element) for element in value)
        else:
            count += 1
            yield place, value


def _note_uses(call: Call, task: str, later: str, uses: dict[str, PlaceUse]) -> None:
    by_place: dict[str, list[JSONValue]] = {}
    for place, value in list_leaves(call.output):
        by_place.setdefault(place, []).append(value)
    for place, values in by_place.items():
        use = uses.setdefault(place, PlaceUse())
        use.characters += sum(len(dumps(value)) + _count_overhead(place) for value in values)
        telling = [value for value in values if is_telling(value)]
        if len(use.values) < MANY:
            use.values.update(dumps(value)[:200] for value in values[:MANY])
        if telling:
            use.outputs += 1
            use.tasks.add(task)
            use.used += any(says(later, value) for value in telling)


def _count_overhead(place: str) -> int:
    """Characters of JSON that a value takes besides its own: its key with quotes and a colon, and a comma."""
    name = split(place)[-1] if place else "*"
    return 1 if name == "*" else len(name) + len('"":,')


def _generalize_key(key: str) -> str:
    return "*" if DATA_KEY.search(key) else escape(key)
