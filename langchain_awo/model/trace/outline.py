"""What is counted of a trace: names and numbers, without what its tools were given and returned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

from langchain_awo.model.trace.trace import ToolSpec, Trace, derive_task_key


class Outline(NamedTuple):
    """A trace as far as the counting of whole logs needs it; a tuple, because there is one for each trace of a log.

    Attributes:
        model_calls: how many there are.
        tools: for each tool call, the name of its tool.
        meta_tools: names of those that made any of the calls.
        is_asked: whether a model asked for any of the calls.
        specs: the tools that were called or offered.
        trace: the whole trace, where somebody needed it.
    """

    trace_id: str
    task_id: str | None
    thread_id: str | None
    domain: str
    model: str
    model_calls: int
    tools: Sequence[str]
    meta_tools: frozenset[str]
    is_asked: bool
    specs: tuple[ToolSpec, ...]
    trace: Trace | None = None

    @classmethod
    def of(cls, trace: Trace) -> Self:
        """The outline of a trace, with the trace."""
        calls = trace.tool_calls
        return cls(
            trace.trace_id,
            trace.task_id,
            trace.thread_id,
            trace.domain,
            trace.model,
            len(trace.model_calls),
            [call.name for call in calls],
            frozenset([call.replay.meta_tool for call in calls if call.replay]),
            any(call.model_call is not None for call in calls),
            trace.tools,
            trace,
        )

    @property
    def task_key(self) -> str:
        """As `Trace.task_key`."""
        return derive_task_key(self)

    @property
    def whole(self) -> Trace:
        """The trace.

        Raises:
            LookupError: it was not read, because nobody needed it.
        """
        if self.trace is None:
            raise LookupError(f"the trace {self.trace_id!r} was not read as a whole")
        return self.trace
