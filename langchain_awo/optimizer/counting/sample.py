"""The traces that everything heavy looks at: a fair sample of all, and enough of each rare tool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from langchain_awo.model.text.encoding import compute_digest, compute_digests, dumps
from langchain_awo.model.trace.outline import Outlines
from langchain_awo.model.trace.trace import ToolCallRecord, Trace
from langchain_awo.optimizer.counting.distinct import Digests
from langchain_awo.optimizer.counting.smallest import Smallest

LONG_TEXT: Final = 5_000
"""A call weighs one, or one for so many characters of its arguments and output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of a log is looked at closely, in calls; see `LONG_TEXT`.

    Attributes:
        fair: of all traces.
        rare: of the traces that call a tool, for each tool, so that what is rare is seen often enough to be judged.
        all_rare: for all tools together, if there are very many.
        longest: of one trace; what comes after that in a longer one is not looked at.
    """

    fair: int = 6_000
    rare: int = 1_000
    all_rare: int = 24_000
    longest: int = 2_000

    def of_tool(self, tools: int) -> int:
        """The bound for each tool if there are so many."""
        return max(1, min(self.rare, self.all_rare // max(1, tools)))


WHOLE: Final = Bounds(fair=1 << 62, rare=1 << 62, all_rare=1 << 62, longest=1 << 62)
"""Looks at everything."""


@dataclass(frozen=True, slots=True, eq=False)
class SampledTrace:
    """A trace of the sample.

    Attributes:
        key: a digest of the thread, or of the trace if it belongs to none: a conversation is in or out as a whole.
        cut: whether its end is missing.
    """

    key: str
    weight: int
    cut: bool
    trace: Trace

    @property
    def tools(self) -> set[str]:
        """The tools it calls."""
        return {call.name for call in self.trace.tool_calls}


@dataclass(slots=True)
class Sample:
    """A bounded sample of traces that is the same in whatever order and in whatever parts they come."""

    bounds: Bounds
    fair: Smallest[SampledTrace] = field(default_factory=Smallest)
    of_tools: dict[str, Smallest[SampledTrace]] = field(default_factory=dict)

    def fits(self, key: str, tools: Iterable[str]) -> bool:
        """Whether a trace with this key that calls these tools may belong to the sample; once it does not, it never will."""
        if self.fair.fits(key):
            return True
        strata = map(self.of_tools.get, tools)
        return any(stratum is None or stratum.fits(key) for stratum in strata)

    def add(self, key: str, trace: Trace) -> None:
        """Adds a trace that fits."""
        self.put(_build_item(key, trace, self.bounds.longest))

    def put(self, item: SampledTrace) -> None:
        """Adds what was a part of another sample."""
        tools = item.tools
        self.fair.add(item, bound=self.bounds.fair)
        for each in list(self._strata(tools))[1:]:
            each.add(item, bound=self.bounds.of_tool(len(self.of_tools)))

    def items(self) -> list[SampledTrace]:
        """All of it, sorted."""
        self.fair.cut(self.bounds.fair)
        bound = self.bounds.of_tool(len(self.of_tools))
        for each in self.of_tools.values():
            each.cut(bound)
        found = {
            id(item): item for each in (self.fair, *self.of_tools.values()) for item in each.items
        }.values()
        return sorted(
            found, key=lambda item: (item.trace.trace_id, item.trace.started_at or 0.0, item.weight)
        )

    def fair_keys(self) -> frozenset[str]:
        """Keys of the traces that are a fair sample of all."""
        return frozenset(item.key for item in self.fair.items)

    def keys_calling(self) -> dict[str, frozenset[str]]:
        """For each tool, keys of traces that are a fair sample of those that call it."""
        return {tool: frozenset(item.key for item in each.items) for tool, each in self.of_tools.items()}

    def _strata(self, tools: Iterable[str]) -> Iterator[Smallest[SampledTrace]]:
        yield self.fair
        for tool in tools:
            if tool not in self.of_tools:
                self.of_tools[tool] = Smallest()
            yield self.of_tools[tool]


def derive_keys(outlines: Outlines, ids: Digests) -> Digests:
    """What each trace is drawn by, shape (rows,).

    Args:
        ids: digests of the trace ids.
    """
    threads = [(row, thread) for row, thread in enumerate(outlines.thread_ids) if thread is not None]
    keys = ids.copy()
    keys[[row for row, _ in threads]] = digest(["thread", thread] for _, thread in threads)
    return keys


def derive_key(trace: Trace) -> str:
    """The same for one trace, as the sixteen digits that samples are ordered by."""
    return compute_digest(trace.trace_id if trace.thread_id is None else ["thread", trace.thread_id])


def digest(values: Iterable[object]) -> Digests:
    """`compute_digests` as numbers."""
    return np.frombuffer(compute_digests(values), ">u8").astype(np.uint64)


def _build_item(key: str, trace: Trace, longest: int) -> SampledTrace:
    weights = [_weigh_call(call) for call in trace.tool_calls]
    total = max(1, sum(weights))
    if total <= longest:
        return SampledTrace(key, total, cut=False, trace=trace)
    begun = _cut_trace(trace, weights, longest)
    return SampledTrace(key, max(1, sum(map(_weigh_call, begun.tool_calls))), cut=True, trace=begun)


def _weigh_call(call: ToolCallRecord) -> int:
    shown = len(call.output) if isinstance(call.output, str) else len(dumps(call.output))
    return max(1, (shown + len(dumps(call.args))) // LONG_TEXT)


def _cut_trace(trace: Trace, weights: list[int], longest: int) -> Trace:
    """The trace up to the model call whose tool calls would make it too long."""
    total = 0
    end, calls = len(trace.model_calls), len(weights)
    for number, (call, weight) in enumerate(zip(trace.tool_calls, weights, strict=True)):
        total += weight
        if total > longest:
            end, calls = (call.model_call if call.model_call is not None else end), number
            break
    return replace(
        trace,
        messages=tuple(message for message in trace.messages if message.before < max(1, end)),
        model_calls=trace.model_calls[:end],
        tool_calls=tuple(
            call for call in trace.tool_calls[:calls] if call.model_call is None or call.model_call < end
        ),
    )
