"""A world with an agent in it, measured: record, compile, and do unseen tasks without and with the meta-tools.

For worlds of any kind; the tour of the back office has its own, `langchain_awo.demo.run`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from langchain_core.tools import BaseTool

import langchain_awo as awo
from langchain_awo.demo.agent.agent import Work, build_agent, run_tasks
from langchain_awo.demo.agent.offers import Toolbox
from langchain_awo.demo.agent.policy import Planner, build_policy
from langchain_awo.demo.backoffice.tasks import Task
from langchain_awo.model.ir.metatool import MetaTool, ToolkitPlan
from langchain_awo.model.trace.trace import ToolSpec
from langchain_awo.optimizer.log.corpus import Corpus, build_corpus
from langchain_awo.optimizer.pipeline import Options, compile_corpus, compile_plan
from langchain_awo.optimizer.replay.evaluate import measure_saving
from langchain_awo.runtime.tool.signatures import read_spec
from langchain_awo.testing import ScriptedChatModel


class Workplace(Protocol):
    """Where an agent works: tools, and what their use leaves behind."""

    def tools(self) -> list[BaseTool]:
        """The tools over this place."""

    def rows(self) -> Mapping[str, list[Any]]:
        """What is compared between two runs: the rows of each table, in order."""

    def achieved(self, task: Any, answer: str) -> bool:
        """Whether what a task asks for is in the database, or in what the agent answered."""

    def close(self) -> None:
        """Ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialArm:
    """What all held-out tasks took together.

    Attributes:
        achieved: how many ended with what was asked for in the database.
    """

    model_calls: int
    tool_calls: int
    tokens: int
    seconds: float
    achieved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """What a way to compile saves by replay on the same held-out runs.

    Attributes:
        blind: share of model calls saved by whoever knows nothing of what the reads will show.
        chooser: the same with hindsight.
        over_fetch: tool calls nobody made, for each model call that a blind chooser saves.
        unwanted_writes: uses that would have written what nobody wrote.
    """

    meta_tools: int
    blind: float
    chooser: float
    over_fetch: float
    unwanted_writes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What was found.

    Attributes:
        used: by meta-tool, in how many held-out tasks it was used.
        same_rows: whether both arms left equal databases.
        strategies: by name, on the same recordings.
        works: what each task took, without the meta-tools and with them.
    """

    toolkit: awo.MetaToolkit
    recorded: int
    held_out: int
    before: TrialArm
    after: TrialArm
    used: Mapping[str, int]
    same_rows: bool
    strategies: Mapping[str, Strategy]
    works: tuple[Sequence[Work], Sequence[Work]] = ((), ())


def run_trial(
    open_place: Callable[[], Workplace],
    planner: Planner,
    tasks: Sequence[Task],
    *,
    held_out: int,
    folder: Path,
    options: Options,
    reading: Iterable[str],
    mode: Any = None,
    comparing: bool = True,
    tell: Callable[[str], None] = lambda _: None,
) -> Trial:
    """Records the first tasks, compiles them, and does the last ones on two fresh places.

    Args:
        open_place: a new place, equal to every other one; a `Workplace`.
        planner: what the agent knows of its tasks.
        tasks: distinct ones.
        held_out: how many of the last are not recorded for compiling.
        folder: where the trace stores go.
        options: how to compile; its rules are those of all strategies.
        reading: tools that only read.
        mode: how the meta-tools are installed, as `MetaToolMiddleware` takes it; as the plan says if not given.
        comparing: whether the recordings are compiled by other strategies too.
        tell: is told each phase as it begins.
    """
    agent = _Agent(planner, frozenset(reading))
    train, rest = tasks[:-held_out], tasks[-held_out:]
    seen, unseen = folder / "traces.db", folder / "held-out.db"
    tell(f"recording {len(train)} tasks")
    with closing(open_place()) as place, awo.TraceRecorder(seen) as recorder:
        agent.work(place, train, callbacks=[recorder])
        specs = [read_spec(tool) for tool in place.tools()]
    tell("compiling")
    plan = compile_plan(awo.load_traces(seen), options=options, tools=specs)
    tell(f"doing {len(rest)} held-out tasks without meta-tools")
    with closing(open_place()) as place, awo.TraceRecorder(unseen) as recorder:
        plain = agent.work(place, rest, callbacks=[recorder])
        before, rows = _measure_arm(plain, place, rest), place.rows()
    tell("doing the same tasks with them")
    with closing(open_place()) as place, awo.TraceRecorder(folder / "with-toolkit.db") as recorder:
        toolkit = awo.MetaToolkit(plan=plan, tools=place.tools())
        toolkit = toolkit.accept(
            *(each.name for each in plan.meta_tools), by="the trial, on a copy of the place"
        )
        installed = awo.MetaToolMiddleware(toolkit, mode=mode)
        works = agent.work(place, rest, callbacks=[recorder], middleware=[installed])
        after, same = _measure_arm(works, place, rest), place.rows() == rows
    if comparing:
        tell("compiling by the other strategies, to compare")
    return Trial(
        toolkit=toolkit,
        recorded=len(train),
        held_out=len(rest),
        before=before,
        after=after,
        used={each.name: sum(each.name in work.meta_tools for work in works) for each in plan.meta_tools},
        same_rows=same,
        strategies=compare(seen, unseen, specs, options, compiled=plan) if comparing else {},
        works=(plain, works),
    )


def compare(
    seen: Path, unseen: Path, specs: Sequence[ToolSpec], options: Options, *, compiled: ToolkitPlan
) -> dict[str, Strategy]:
    """The package's strategy and the paper's, both with the same rules, by replay on the same held-out runs.

    Args:
        compiled: what `options` made of the seen runs.
    """
    declared = options.effects
    train = build_corpus(awo.load_traces(seen), tools=specs, declared=declared)
    rest = build_corpus(awo.load_traces(unseen), tools=specs, declared=declared)
    plain = replace(options, rules=None)
    ways = {
        "default without rules": plain,
        "awo": replace(options, strategy="awo"),
        "awo without rules": replace(plain, strategy="awo"),
        "awo, our bindings": replace(options, strategy="awo", bindings="consensus"),
    }
    others = {name: compile_corpus(train, way)[0] for name, way in ways.items()}
    found = {"default": list(compiled.meta_tools), **others}
    return {name: _measure_strategy(meta_tools, rest) for name, meta_tools in found.items()}


def _measure_strategy(meta_tools: Sequence[MetaTool], rest: Corpus) -> Strategy:
    saving = measure_saving(meta_tools, rest)
    return Strategy(
        meta_tools=len(meta_tools),
        blind=saving.blind,
        chooser=saving.chooser,
        over_fetch=saving.blind_over_fetch,
        unwanted_writes=saving.unwanted_writes,
    )


@dataclass(frozen=True, slots=True)
class _Agent:
    planner: Planner
    reads: frozenset[str]

    def work(
        self,
        place: Workplace,
        tasks: Sequence[Task],
        *,
        callbacks: Sequence[Any] = (),
        middleware: Sequence[Any] = (),
    ) -> list[Work]:
        tools = place.tools()
        writes = frozenset(tool.name for tool in tools) - self.reads
        policy = build_policy(self.planner, Toolbox(reads=self.reads, writes=writes))
        agent = build_agent(ScriptedChatModel(policy=policy), tools, middleware=middleware)
        return run_tasks(agent, tasks, callbacks=callbacks)


def _measure_arm(works: Sequence[Work], place: Workplace, tasks: Sequence[Task]) -> TrialArm:
    own = {tool.name for tool in place.tools()}
    answers = {work.task_id: work.answer for work in works}
    return TrialArm(
        model_calls=sum(work.model_calls for work in works),
        tool_calls=sum(name in own for work in works for name in work.tool_calls),
        tokens=sum(work.tokens for work in works),
        seconds=sum(work.seconds for work in works),
        achieved=sum(place.achieved(task, answers[task.task_id]) for task in tasks),
    )
