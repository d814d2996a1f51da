"""A world, what agents did in it without a toolkit and with it, and what every verb says about that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final, TypeAlias

from langchain_awo.ledger.balance import Balance
from langchain_awo.ledger.settle import PlainRun
from langchain_awo.model.ir.metatool import Mode, ToolkitPlan
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.trace.trace import Trace
from langchain_awo.monitoring.estimate import estimate_saving
from langchain_awo.monitoring.monitor import monitor_traces
from langchain_awo.monitoring.prices import Price, PriceTable
from langchain_awo.monitoring.worth import Assumptions
from langchain_awo.optimizer.log.corpus import Corpus, build_corpus
from langchain_awo.optimizer.log.habits import read_together
from langchain_awo.optimizer.log.inline import without_echo
from langchain_awo.optimizer.log.signatures import build_signatures
from langchain_awo.optimizer.pipeline import compile_plan
from langchain_awo.optimizer.replay.evaluate import evaluate, replay_report
from langchain_awo.optimizer.replay.installed import replay_installed
from langchain_awo.testing import Noise, generate_world
from tests.ledger.world_agent import Office

RUNS: Final = 8
MODES: Final[tuple[Mode | None, ...]] = (None, "append", "replace", "continue", "entry", "prefetch")
"""`None` is the mode that the plan has for each meta-tool."""

HABITS: Final = Noise(
    repeats=0, failures=0, loops=0, strays=0.12, deviations=0.02, stops=0.08, interruptions=0.05, together=0,
    partial=0.1,
)  # fmt: skip
"""Agents that ask for one thing after the other, and stop, stray and are interrupted."""

PRICES: Final = PriceTable(models={"scripted": Price(input=2, cached=0.5, output=8)})

Wanted: TypeAlias = dict[str | None, tuple[int, Counter[str]]]
"""By thread, the number of model calls and the calls of tools."""


@dataclass(frozen=True, slots=True)
class Check:
    """One figure of a verb beside the executed one, and by how much it says it may be off."""

    name: str
    said: float
    executed: float
    within: float = 0.0

    @property
    def holds(self) -> bool:
        return abs(self.said - self.executed) <= self.within + 1e-6


@dataclass(frozen=True)
class Trial:
    """One world in one mode."""

    office: Office
    recorded: Sequence[Trace]
    plan: ToolkitPlan
    mode: Mode | None

    @cached_property
    def executed(self) -> list[Trace]:
        return self.office.with_toolkit(self.recorded, self.plan, self.mode)

    @cached_property
    def saved(self) -> Balance:
        """What was really saved: counted, not estimated."""
        return spent(self.recorded) + spent(self.executed).times(-1)

    def checks(self) -> Iterator[Check]:
        yield from self._forecast()
        yield from self._monitored()
        yield from self._inverted()

    def _forecast(self) -> Iterator[Check]:
        """`awo replay` on the runs without the toolkit: what compile, evaluate, estimate and report say comes from the same function."""
        said = replay_installed(self.plan.meta_tools, build_corpus(self.recorded), mode=self.mode).balance
        yield Check("replay: model calls", said.model_calls, self.saved.model_calls)
        yield Check("replay: tokens", said.tokens, self.saved.tokens, said.margin)
        if self.mode != "prefetch":  # what is read ahead in vain depends on how fast a model thinks
            yield Check("replay: calls in vain", said.over_fetched, self.made_besides, said.unsure)

    def _monitored(self) -> Iterator[Check]:
        said = monitor_traces(self.executed, self._as_installed(), prices=PRICES).ledger.total
        yield Check("monitor: model calls", said.model_calls, self.saved.model_calls)
        yield Check("monitor: tokens", said.tokens, self.saved.tokens, said.margin)
        yield Check(
            "monitor: money",
            said.cost,
            cost(self.saved),
            said.margin * PRICES.models["scripted"].output / 1e6,
        )

    def _inverted(self) -> Iterator[Check]:
        """`awo recompile` makes of the runs with the toolkit what they were without; `awo replay` says the same of both."""
        together = read_together(self.plan.corpus["together"])
        names = frozenset(each.name for each in self.plan.meta_tools)
        inverted, _ = without_echo(self.executed, names, together=together)
        yield Check("recompile: runs unlike before", unlike(wanted(inverted), wanted(self.recorded)), 0)
        before = replay_report(self.recorded, self.plan.meta_tools)
        after = replay_report(self.executed, self.plan.meta_tools, together=together)
        yield Check("replay of runs with it: model calls", after.model_calls, before.model_calls)
        yield Check(
            "replay of runs with it: saved", after.result.net.model_calls, before.result.net.model_calls
        )

    def _as_installed(self) -> ToolkitPlan:
        modes = [replace(each, mode=self.mode or each.mode) for each in self.plan.meta_tools]
        return replace(self.plan, meta_tools=tuple(modes))

    @property
    def made_besides(self) -> int:
        """Calls of original tools that were made and that agents without the toolkit do not make."""
        names = {each.name for each in self.plan.meta_tools}
        return made(self.executed, names) - made(self.recorded, names)


@dataclass(frozen=True)
class WorldTrial:
    """One world: recorded once, then tried in every mode."""

    seed: int
    folder: Path

    @cached_property
    def office(self) -> Office:
        return Office(generate_world(self.seed, tools=5, noise=HABITS), self.folder)

    @cached_property
    def recorded(self) -> list[Trace]:
        return self.office.without(RUNS)

    @cached_property
    def plan(self) -> ToolkitPlan:
        return compile_plan(self.recorded)

    def trial(self, mode: Mode | None) -> Trial | None:
        """`None` in `entry` mode where no run begins with the routine."""
        if mode != "entry":
            return Trial(self.office, self.recorded, self.plan, mode)
        first = replace(self.plan, meta_tools=self.plan.meta_tools[:1])
        begins = first.meta_tools and begin_with(self.recorded, first.meta_tools[0].steps[0].tool)
        return Trial(self.office, self.recorded, first, mode) if begins else None

    def verbs(self) -> Iterator[Check]:
        """`awo evaluate`, `awo estimate` and `awo compile`: on held-out tasks, and of each meta-tool by itself."""
        evaluation = evaluate(self.recorded)
        estimate = estimate_saving(self.recorded, table=PRICES, assumptions=Assumptions(utilisation=1.0))
        net, expected = evaluation.result.net, estimate.ways[0].expected
        rest = [each for each in self.recorded if each.task_id in evaluation.held_out_tasks]
        train = build_corpus(each for each in self.recorded if each.task_id not in evaluation.held_out_tasks)
        used = {tool for each in evaluation.meta_tools for tool in each.tools}
        compiled = ToolkitPlan(meta_tools=evaluation.meta_tools, tools=build_signatures(train, used))
        held_out = Trial(self.office, rest, compiled, None)
        yield Check("evaluate: model calls", net.model_calls, held_out.saved.model_calls)
        yield Check("evaluate: tokens", net.tokens, held_out.saved.tokens, net.margin)
        yield Check("estimate: model calls", expected.model_calls, held_out.saved.model_calls)
        yield Check("estimate: tokens", expected.tokens, held_out.saved.tokens, expected.margin)
        corpus = build_corpus(self.recorded)
        for each in self.plan.meta_tools:
            alone = replay_installed([each], corpus).balance
            told = each.evidence.net_tokens * len(self.recorded)
            within = 0.1 * len(self.recorded)  # evidence is rounded
            yield Check("compile: tokens", told, alone.tokens, within)
            calls = (each.evidence.run_calls or 0.0) * len(self.recorded)
            yield Check("compile: model calls", calls, alone.model_calls, within)
            vain = (each.evidence.run_over_fetch or 0.0) * len(self.recorded)
            yield Check("compile: calls in vain", vain, alone.over_fetched, within)


def losses(plan: ToolkitPlan, corpus: Corpus) -> list[str]:
    """Meta-tools that lose both tokens and waiting as they are installed, and "all" if all of them together do.

    Tokens are lost where they are lost with prompt caching and without; waiting counts in model calls, as when a mode is chosen.
    """
    sets = {each.name: [each] for each in plan.meta_tools} | {"all": list(plan.meta_tools)}
    balances = {name: replay_installed(each, corpus).balance for name, each in sets.items()}
    return [
        name
        for name, each in balances.items()
        if max(each.tokens, each.cached_tokens()) < 0 and each.model_calls <= 0
    ]


def spent(traces: Sequence[Trace]) -> Balance:
    """What runs took, as recorded."""
    return sum((PlainRun(run.turns).spent for run in build_corpus(traces).runs), Balance())


def cost(balance: Balance) -> float:
    """Money at the prices of the trial; the scripted model has no cache."""
    price = PRICES.models["scripted"]
    return (balance.input * price.input + balance.output * price.output) / 1e6


def made(traces: Sequence[Trace], meta_tools: set[str]) -> int:
    """How often original tools really ran."""
    ran = (call for trace in traces for call in trace.tool_calls if call.started_at is not None)
    return sum(call.name not in meta_tools for call in ran)


def wanted(traces: Sequence[Trace]) -> Wanted:
    """What the agents asked for in each thread, and in how many model calls."""
    return {
        trace.thread_id: (
            len(trace.model_calls),
            Counter(f"{call.name}{dumps(call.args)}" for call in trace.tool_calls),
        )
        for trace in traces
    }


def unlike(one: Wanted, other: Wanted) -> int:
    """How many threads are not the same."""
    return sum(one.get(thread) != other.get(thread) for thread in one.keys() | other.keys())


def begin_with(traces: Sequence[Trace], tool: str) -> bool:
    """Whether every run begins with a tool."""
    return all(any(call.name == tool for call in trace.tool_calls_of(0)) for trace in traces)
