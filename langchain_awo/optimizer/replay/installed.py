"""Replays a toolkit as it is installed: each meta-tool in its own mode, all of them together.

Where a model has to choose, it chooses blindly, by what is known before a meta-tool runs. This is the figure that every verb prints for
a toolkit; the ways in `counterfactual` ask what it would be if all meta-tools were used in one way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from langchain_awo.ledger.balance import Balance
from langchain_awo.model.ir.metatool import MetaTool, Mode
from langchain_awo.model.stepping.outcome import MAX_CALLS_AHEAD, MAX_UNASKED_CALLS
from langchain_awo.optimizer.log.corpus import Corpus, Run, Segment, estimate_spec_tokens
from langchain_awo.optimizer.replay.budget import within_budget
from langchain_awo.optimizer.replay.cost import Books, estimate_schema_tokens
from langchain_awo.optimizer.replay.counterfactual import Fetched, choose_best_by_anchor
from langchain_awo.optimizer.replay.parts import Part
from langchain_awo.optimizer.replay.simulations import Simulations, Used
from langchain_awo.optimizer.replay.tally import Tally, Way


@dataclass(frozen=True, slots=True)
class InstalledReplay:
    """What a toolkit does on recorded runs as it is installed.

    Attributes:
        tally: its uses, and the model calls that they saved.
        schemas: tokens that it adds to every prompt.
        by_task: what it saves of each task, by the ledger.
        stranded: ids of the runs in which the agent wants a tool that `replace` hides for something else than the whole routine. What
            it does without it nobody can know; the figures are as if it had it, or took the routine all the same.
    """

    tally: Tally
    schemas: float
    by_task: Mapping[str, Balance]
    stranded: frozenset[str] = frozenset()

    @property
    def balance(self) -> Balance:
        """What it saves of all of them."""
        return sum(self.by_task.values(), Balance())


def replay_installed(
    meta_tools: Sequence[MetaTool],
    corpus: Corpus,
    *,
    books: Books | None = None,
    simulations: Simulations | None = None,
    mode: Mode | None = None,
) -> InstalledReplay:
    """Replays a toolkit, each meta-tool in its mode.

    Args:
        books: of the corpus, if they are there already; likewise `simulations`.
        mode: one for all, instead of their own.
    """
    chosen = [set_mode(each, mode) for each in meta_tools] if mode else list(meta_tools)
    tally, begun, stranded = Tally(), "", set[str]()
    known = simulations or Simulations(corpus)
    installed = _Installed.of(chosen, known)
    for run, segment, parts in known.segments:
        walk = _SegmentWalk(installed, run, segment, parts, is_first=run.trace_id != begun)
        tally.add(walk.tally)
        stranded |= {run.trace_id} if walk.is_stranded else set()
        begun = run.trace_id
    schemas = measure_schemas(chosen, corpus)
    by_task = (books or Books(corpus)).by_task(tally, schemas=schemas)
    return InstalledReplay(tally, schemas, by_task, frozenset(stranded))


def is_stranded(meta_tool: MetaTool, run: Run) -> bool:
    """Whether the agent of a run would want a tool that a meta-tool hides if it stood in its place."""
    installed = _Installed.of([set_mode(meta_tool, "replace")], Simulations(Corpus((run,), {}, {})))
    return any(
        _SegmentWalk(
            installed, run, segment, [None] * len(segment.rounds), is_first=position == 0
        ).is_stranded
        for position, segment in enumerate(run.segments)
    )


def set_mode(meta_tool: MetaTool, mode: Mode) -> MetaTool:
    """A meta-tool as it is when it is installed in another mode."""
    return replace(meta_tool, mode=mode)


def measure_schemas(meta_tools: Iterable[MetaTool], corpus: Corpus) -> float:
    """Tokens that the schemas of a toolkit add to every prompt, less those of the tools that it hides."""
    shown = [each for each in meta_tools if each.mode in ("append", "replace")]
    hidden = _list_hidden(shown)
    less = sum(estimate_spec_tokens(corpus.specs[tool]) for tool in hidden if tool in corpus.specs)
    return sum(map(estimate_schema_tokens, shown)) - less


def _list_hidden(meta_tools: Iterable[MetaTool]) -> frozenset[str]:
    return frozenset(tool for each in meta_tools if each.mode == "replace" for tool in each.tools)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Installed:
    """A toolkit by what becomes of each meta-tool.

    Attributes:
        shown: what a model may call.
        unasked: the parts that continue mode runs; likewise `prefetched`.
        hidden: names of the tools that the model does not see.
    """

    entry: Sequence[MetaTool]
    shown: Sequence[MetaTool]
    unasked: Sequence[MetaTool]
    prefetched: Sequence[MetaTool]
    hidden: frozenset[str]
    simulations: Simulations

    @classmethod
    def of(cls, meta_tools: Sequence[MetaTool], simulations: Simulations) -> _Installed:
        return cls(
            entry=[each for each in meta_tools if each.mode == "entry"],
            shown=[each for each in meta_tools if each.mode in ("append", "replace")],
            unasked=simulations.list_eager_parts(each for each in meta_tools if each.mode == "continue"),
            prefetched=simulations.list_eager_parts(each for each in meta_tools if each.mode == "prefetch"),
            hidden=_list_hidden(meta_tools),
            simulations=simulations,
        )


class _SegmentWalk:
    """One segment of a run.

    Attributes:
        is_stranded: the agent wants a hidden tool for less than the whole routine or for something else, and no meta-tool has
            stopped half-way, which would bring them back.
    """

    def __init__(
        self,
        installed: _Installed,
        run: Run,
        segment: Segment,
        parts: Sequence[Part | None],
        *,
        is_first: bool,
    ) -> None:
        self.installed, self.run, self.segment = installed, run, segment
        self.fetched, self.seen, self.made, self.ahead = Fetched(), set[str](), set[str](), set[str]()
        self.hidden, self.is_stranded = installed.hidden, False
        tally = Tally()
        if is_first:
            self._enter(tally)
        for position, current in enumerate(segment.rounds):
            if self.fetched.covers(current, position):
                tally.count(current, parts[position])
                self.seen |= current.keys
                continue
            chosen = self._choose(position, tally)
            asked = {call.tool for call in current.calls if call.key not in chosen}
            self.is_stranded = self.is_stranded or bool(asked & self.hidden)
            self.seen |= current.keys
            self._continue(position, chosen, tally)
            self._prefetch(position, chosen, tally)
        self.tally = tally.of(run.trace_id)

    def _enter(self, tally: Tally) -> None:
        """Runs entry meta-tools where the recorded agent began with them too, as only then its host knew what to ask for."""
        for each in self.installed.entry:
            for position, current in enumerate(self.segment.rounds):
                found = self._simulated([each], position)
                if found:
                    self._take(found[0], "entry", tally)
                if found or not all(call.effect.is_read for call in current.calls):
                    break

    def _choose(self, position: int, tally: Tally) -> set[str]:
        """Uses what a model that knows nothing of what it will see takes; the anchors that it takes the place of."""
        chosen = choose_best_by_anchor(self._simulated(self.installed.shown, position, blind=True))
        for used in chosen.values():
            self.is_stranded = self.is_stranded or (used[0].mode == "replace" and bool(used[1].wasted()))
            self._take(used, "called", tally)
            tally.unwanted_writes += used[1].unwanted
        return set(chosen)

    def _continue(self, position: int, chosen: set[str], tally: Tally) -> None:
        for used in self._unasked(self.installed.unasked, position, calls=MAX_UNASKED_CALLS):
            if used[1].anchor not in chosen and used[1].keys - self.seen:
                self._take(used, "continued", tally)

    def _prefetch(self, position: int, chosen: set[str], tally: Tally) -> None:
        for meta_tool, simulation in self._unasked(
            self.installed.prefetched, position, calls=MAX_CALLS_AHEAD
        ):
            known = self.seen | self.ahead
            if simulation.anchor not in chosen and simulation.keys - known:
                tally.take(meta_tool, simulation, self.segment, way="prefetched", seen=known)
                self.ahead |= simulation.keys

    def _take(self, used: Used, way: Way, tally: Tally) -> None:
        meta_tool, simulation = used
        if simulation.stop:
            self.hidden = frozenset()
        self.fetched.add(simulation, self.segment)
        seen = self.seen if way == "continued" else frozenset[str]()
        tally.take(meta_tool, simulation, self.segment, way=way, seen=seen, made=self.made)
        self.seen |= simulation.keys
        self.made |= simulation.keys

    def _unasked(self, meta_tools: Iterable[MetaTool], position: int, *, calls: int) -> list[Used]:
        return [
            (each, within_budget(found, each, calls=calls))
            for each, found in self._simulated(meta_tools, position)
        ]

    def _simulated(self, meta_tools: Iterable[MetaTool], position: int, *, blind: bool = False) -> list[Used]:
        find = self.installed.simulations.find
        return find(meta_tools, self.run, self.segment, position, blind=blind)
