"""What kind of model call is saved: one that repeats, one that parallel calls would save, or one that only a routine saves.

The walk is that of the chooser ceiling: from the first model call of a stretch on, each model call whose arguments are all known by
then belongs to it; otherwise the walk starts anew there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias, get_args

from langchain_awo.optimizer.log.corpus import Corpus, Round, Run, Segment
from langchain_awo.optimizer.log.words_in_text import iterate_scalars

Part: TypeAlias = Literal["repeat", "parallel", "parallel_write", "flow", "flow_write"]
"""`repeat`: its calls were made before in the run with the same arguments. `parallel`: every argument was known when the walk
began. `flow`: some argument exists only since. `_write`: one of its calls is no read."""

PARTS: Final[tuple[Part, ...]] = get_args(Part)


def classify_rounds(corpus: Corpus) -> Iterator[tuple[Run, Segment, list[Part | None]]]:
    """Every segment with the part of each of its rounds; `None` where a walk starts."""
    for run in corpus.runs:
        done: set[str] = set()
        for segment in run.segments:
            yield run, segment, list(_walk(run, segment, done))


def classify_part(current: Round, run: Run, begin: int, done: set[str]) -> Part:
    """The part of a round in a walk that began at a position of the run's text.

    Args:
        done: keys of all calls of the run before it.
    """
    if current.keys <= done:
        return "repeat"
    known = all(run.known(call.args, before=begin) for call in current.calls)
    reads = all(call.effect.is_read for call in current.calls)
    if known:
        return "parallel" if reads else "parallel_write"
    return "flow" if reads else "flow_write"


def _walk(run: Run, segment: Segment, done: set[str]) -> Iterator[Part | None]:
    begin = 0
    for position, current in enumerate(segment.rounds):
        if position and is_known(run, current):
            yield classify_part(current, run, begin, done)
        else:
            begin = current.start
            yield None
        done |= current.keys


def is_known(run: Run, current: Round) -> bool:
    """Whether every scalar argument of a round occurs before it, in whatever was said, called or returned."""
    leaves = (leaf for call in current.calls for leaf in iterate_scalars(call.args))
    return all(run.first_occurrence(leaf) <= current.start for leaf in leaves)
