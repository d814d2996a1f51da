"""What is counted of traces, by column: names and numbers, without what their tools were given and returned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from langchain_awo.model.trace.trace import ToolSpec, Trace, derive_task_key

ReadRows: TypeAlias = Callable[[Iterable[int]], Iterator[tuple[int, Trace]]]
"""Reads the traces in some rows, which ascend and are taken a few at a time; one that cannot be read is told of and left out."""

_TRACES_AT_ONCE: Final = 32
_CALLS_AT_ONCE: Final = 256
"""Whole traces are outlined so many at a time, because all of them are in memory then."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Outlines:
    """Some traces as far as the counting of whole logs needs them; a row is a trace.

    Attributes:
        trace_ids: one for each row; likewise `task_ids`, `thread_ids`, `domains` and `models`.
        model_calls: how many there are, shape (rows,).
        names: the tools that were called.
        codes: the tool of each call as a place in `names`, trace after trace, shape (calls of all rows,).
        lengths: how many tool calls there are, shape (rows,).
        meta_tools: names of those that made any of the calls.
        is_asked: whether a model asked for any of the calls, shape (rows,).
        specs: the tools that were called or offered; rows share them.
        read: reads rows as a whole.
        is_partial: whether nothing else of them was read yet, so that damage there is not known.
    """

    trace_ids: Sequence[str]
    task_ids: Sequence[str | None]
    thread_ids: Sequence[str | None]
    domains: Sequence[str]
    models: Sequence[str]
    model_calls: npt.NDArray[np.int64]
    names: Sequence[str]
    codes: npt.NDArray[np.int32]
    lengths: npt.NDArray[np.int64]
    meta_tools: Sequence[frozenset[str]]
    is_asked: npt.NDArray[np.bool_]
    specs: Sequence[tuple[ToolSpec, ...]]
    read: ReadRows
    is_partial: bool = True

    @classmethod
    def of(cls, traces: Sequence[Trace]) -> Self:
        """The outlines of traces that are in memory."""
        calls = [trace.tool_calls for trace in traces]
        names = {call.name: None for each in calls for call in each}
        places = {name: place for place, name in enumerate(names)}
        return cls(
            trace_ids=[trace.trace_id for trace in traces],
            task_ids=[trace.task_id for trace in traces],
            thread_ids=[trace.thread_id for trace in traces],
            domains=[trace.domain for trace in traces],
            models=[trace.model for trace in traces],
            model_calls=np.array([len(trace.model_calls) for trace in traces], np.int64),
            names=list(names),
            codes=np.array([places[call.name] for each in calls for call in each], np.int32),
            lengths=np.array(list(map(len, calls)), np.int64),
            meta_tools=[frozenset([call.replay.meta_tool for call in each if call.replay]) for each in calls],
            is_asked=np.array(
                [any(call.model_call is not None for call in each) for each in calls], np.bool_
            ),
            specs=[trace.tools for trace in traces],
            read=lambda rows: ((row, traces[row]) for row in rows),
            is_partial=False,
        )

    def __len__(self) -> int:
        return len(self.trace_ids)

    def select(self, only: Mapping[str, str]) -> npt.NDArray[np.bool_]:
        """Which rows are of a domain or of a model, shape (rows,)."""
        columns = {"domain": self.domains, "model": self.models}
        rows = np.ones(len(self), np.bool_)
        for name, value in only.items():
            rows &= np.fromiter((each == value for each in columns[name]), np.bool_, len(self))
        return rows

    def list_task_keys(self) -> list[str]:
        """`Trace.task_key` of each row."""
        ids = zip(self.trace_ids, self.task_ids, self.thread_ids, self.domains, strict=True)
        return [derive_task_key(*each) for each in ids]


def outline_traces(traces: Iterable[Trace]) -> Iterator[Outlines]:
    """The outlines of traces as they come, a few at a time."""
    some: list[Trace] = []
    calls = 0
    for trace in traces:
        some.append(trace)
        calls += len(trace.tool_calls)
        if len(some) >= _TRACES_AT_ONCE or calls >= _CALLS_AT_ONCE:
            yield Outlines.of(some)
            some, calls = [], 0
    if some:
        yield Outlines.of(some)
