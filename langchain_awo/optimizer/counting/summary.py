"""A log in one pass: counts over all of it and a bounded sample of its traces, the same in any order and in any parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from langchain_awo.errors import CompileError
from langchain_awo.model.trace.hints import merge_hints
from langchain_awo.model.trace.outline import Outlines, outline_traces
from langchain_awo.model.trace.thread import join_threads
from langchain_awo.model.trace.trace import ToolSpec, Trace
from langchain_awo.optimizer.counting.distinct import Digests, Distinct
from langchain_awo.optimizer.counting.draw import Drawn, Rows, draw
from langchain_awo.optimizer.counting.sample import Bounds, Sample, derive_key, derive_keys, digest
from langchain_awo.optimizer.log.specs import choose_fuller

_CHECKSUMS: Final = 1 << 64


@dataclass(frozen=True, slots=True)
class Sampled:
    """What is looked at closely.

    Attributes:
        traces: runs of one thread joined, sorted by trace id.
        fair: ids of those that are a fair sample of the log; `None` if all are.
        calling: for each tool, ids of those that are a fair sample of the traces that call it.
        is_whole: whether they are all there was.
    """

    traces: list[Trace]
    fair: frozenset[str] | None
    calling: dict[str, frozenset[str]]
    is_whole: bool

    @property
    def fair_traces(self) -> list[Trace]:
        """Those in which everything is as frequent as in the log."""
        return [trace for trace in self.traces if self.fair is None or trace.trace_id in self.fair]


@dataclass(slots=True)
class Summary:
    """What is kept of a log; `add` and `merge` in any order give the same.

    Attributes:
        only: what its traces were selected by, such as the domain; summaries of other selections do not add up.
        traces: how many there were.
        model_calls: of all traces, and `calls` the tool calls by tool.
        replayed: names of the meta-tools that recorded calls were made by.
        specs: for each tool the fullest specification, with what any claims of effects.
        checksum: sum of the digests of the traces.
        ids: digests of the trace ids, `runs` of threads and traces without one, `tasks` of tasks.
    """

    bounds: Bounds = field(default_factory=Bounds)
    only: dict[str, str] = field(default_factory=dict)
    traces: int = 0
    model_calls: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    replayed: set[str] = field(default_factory=set)
    specs: dict[str, ToolSpec] = field(default_factory=dict)
    checksum: int = 0
    ids: Distinct = field(default_factory=Distinct)
    runs: Distinct = field(default_factory=Distinct)
    tasks: Distinct = field(default_factory=Distinct)
    sample: Sample = field(init=False)
    _seen: dict[str, ToolSpec] = field(default_factory=dict, repr=False)
    _sampled: tuple[int, Sampled] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.sample = Sample(self.bounds)

    def add(self, outlines: Outlines, *, new_only: bool = False) -> Drawn:
        """Counts the traces that are selected, and samples those that belong to the sample.

        Args:
            new_only: only those that are not in it yet.
        """
        ids = digest(outlines.trace_ids)
        rows = outlines.select(self.only)
        if new_only:
            rows &= self._find_new(ids)
        keys = derive_keys(outlines, ids)
        drawn = draw(self.sample, outlines, keys, rows)
        self._count(outlines, ids, keys, rows & drawn.readable)
        return drawn

    def _find_new(self, ids: Digests) -> Rows:
        """Which traces are not in it; of those with one id the first."""
        found = ~self.ids.holds(ids)
        is_first = np.zeros(len(ids), np.bool_)
        is_first[np.unique(ids, return_index=True)[1]] = True
        return found & is_first

    def _count(self, outlines: Outlines, ids: Digests, keys: Digests, rows: Rows) -> None:
        chosen = np.flatnonzero(rows).tolist()
        model_calls, lengths = outlines.model_calls[rows], outlines.lengths[rows]
        codes = outlines.codes[np.repeat(rows, outlines.lengths)]
        called = np.bincount(codes, minlength=len(outlines.names)).tolist()
        shapes = zip(
            (outlines.trace_ids[row] for row in chosen), model_calls.tolist(), lengths.tolist(), strict=True
        )
        self.traces += len(chosen)
        self.model_calls += int(model_calls.sum())
        self.calls.update({name: calls for name, calls in zip(outlines.names, called, strict=True) if calls})
        self.replayed.update(*{outlines.meta_tools[row] for row in chosen})
        self.checksum = (self.checksum + sum(digest(shapes).tolist())) % _CHECKSUMS
        self.ids.add(ids[rows])
        self.runs.add(keys[rows])
        tasks = outlines.list_task_keys()
        self.tasks.add(digest({tasks[row] for row in chosen}))
        for specs in {id(specs): specs for specs in (outlines.specs[row] for row in chosen)}.values():
            self._note(specs)

    def _note(self, specs: Iterable[ToolSpec]) -> None:
        for spec in specs:
            if (seen := self._seen.get(spec.name)) is not spec and seen != spec:
                self._seen[spec.name] = spec
                self._learn(spec)

    def merge(self, other: Summary) -> None:
        """Adds what was counted apart.

        Raises:
            CompileError: they have traces in common, or were counted in another way.
        """
        if (self.bounds, self.only) != (other.bounds, other.only):
            raise CompileError("what was counted with other bounds or of other traces does not add up")
        if common := self.ids.update(other.ids):
            raise CompileError(f"{common} traces are in two of the parts; give each trace in one part only")
        self.traces += other.traces
        self.model_calls += other.model_calls
        self.calls.update(other.calls)
        self.replayed |= other.replayed
        self.checksum = (self.checksum + other.checksum) % _CHECKSUMS
        self.runs.update(other.runs)
        self.tasks.update(other.tasks)
        for spec in other.specs.values():
            self._learn(spec)
        for item in other.sample.items():
            self.sample.put(item)

    def sampled(self) -> Sampled:
        """The traces to look at; they are sorted and joined once, as long as none is added."""
        if self._sampled is None or self._sampled[0] != self.checksum:
            self._sampled = self.checksum, self._draw()
        return self._sampled[1]

    def _draw(self) -> Sampled:
        items = self.sample.items()
        is_whole = len(items) == self.traces and not any(item.cut for item in items)
        traces = sorted(join_threads(item.trace for item in items), key=lambda trace: trace.trace_id)
        ids: dict[str, list[str]] = {}
        for trace in traces:
            ids.setdefault(derive_key(trace), []).append(trace.trace_id)
        fair = _collect_ids(self.sample.fair_keys(), ids)
        if is_whole or len(fair) == len({trace.trace_id for trace in traces}):
            return Sampled(traces, None, {}, is_whole)
        calling = {tool: _collect_ids(keys, ids) for tool, keys in self.sample.keys_calling().items()}
        return Sampled(traces, fair, calling, is_whole)

    def with_meta_tools(self, names: Iterable[str]) -> Summary:
        """The same with more names known to be those of meta-tools, which no call may have been made by."""
        known = copy(self)
        known.replayed = self.replayed | set(names)
        return known

    def recorded_specs(self) -> list[ToolSpec]:
        """What all traces say of the tools, those of meta-tools left out."""
        return [self.specs[name] for name in sorted(self.specs) if name not in self.replayed]

    def known_specs(self) -> list[ToolSpec]:
        """The same, with a bare one for each tool that was called and never specified."""
        bare = (ToolSpec(name=tool) for tool in sorted(self.calls.keys() - self.specs.keys() - self.replayed))
        return [*self.recorded_specs(), *bare]

    def all_specs(self) -> list[ToolSpec]:
        """What all traces say of the tools and of meta-tools, with a bare one for each that was called and never specified."""
        names = sorted({*self.calls, *self.specs})
        return [self.specs.get(name) or ToolSpec(name=name) for name in names]

    @property
    def tool_names(self) -> set[str]:
        """Names of the tools that were called or described."""
        return {*self.calls, *(spec.name for spec in self.known_specs())}

    def _learn(self, spec: ToolSpec) -> None:
        known = self.specs.get(spec.name)
        best = spec if known is None else choose_fuller(known, spec)
        hints = merge_hints(known.hints if known else {}, spec.hints)
        self.specs[spec.name] = replace(best, hints=hints)


def summarize(traces: Iterable[Trace], *, bounds: Bounds | None = None) -> Summary:
    """Counts and samples traces as they come; none is kept that does not belong to the sample."""
    found = Summary(bounds or Bounds())
    for outlines in outline_traces(traces):
        found.add(outlines)
    return found


def _collect_ids(keys: Iterable[str], ids: dict[str, list[str]]) -> frozenset[str]:
    return frozenset(each for key in keys for each in ids[key])
