"""The tour: record an agent at work, compile its routines, and see what they change on work it has not done yet."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from langchain_awo.demo.agent.agent import Work, build_agent, run_tasks, scripted_model
from langchain_awo.demo.backoffice.tasks import Task, generate_tasks
from langchain_awo.demo.backoffice.tools import back_office_tools
from langchain_awo.demo.backoffice.world import World
from langchain_awo.model.ir.metatool import MetaTool

WORLD_SEED = 7


class Compiled(Protocol):
    """A compiled toolkit, as far as the tour needs one."""

    @property
    def meta_tools(self) -> Sequence[MetaTool]:
        """What was compiled."""

    def get_tools(self) -> list[BaseTool]:
        """The meta-tools as LangChain tools."""


Record: TypeAlias = Callable[[Path], AbstractContextManager[BaseCallbackHandler]]
"""Opens a trace store; what is recorded is in it when the context ends."""

Compile: TypeAlias = Callable[[Path, Sequence[BaseTool]], Compiled]
"""Compiles the traces of a store over live tools."""

Install: TypeAlias = Callable[[BaseChatModel, Sequence[BaseTool], Any], Runnable[Any, Any]]
"""Builds the agent with the meta-tools, from the model, the original tools and the compiled toolkit."""

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with the phase, how many of its tasks are done, and how many it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What all held-out tasks took together; `tool_calls` are those of the original tools, wherever they were made."""

    model_calls: int
    tool_calls: int
    tokens: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Utilisation:
    """How far a meta-tool is used.

    Attributes:
        applicable: held-out tasks for which the agent without meta-tools went through the routine, or that used it.
        used: those of them that used it.
        share: `used` of `applicable`, 0 if there are none.
    """

    applicable: int
    used: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What the tour found.

    Attributes:
        before: without meta-tools.
        after: with them, for the same tasks on an equal copy of the world.
        same_final_state: whether both copies of the database ended up equal, row by row.
        differing_tables: the tables that did not.
        same_answers: for how many tasks the agent said the same in the end.
        meta_tools: their names.
        utilisation: by name of the meta-tool.
    """

    train_tasks: int
    held_out_tasks: int
    before: Totals
    after: Totals
    same_final_state: bool
    differing_tables: tuple[str, ...]
    same_answers: int
    meta_tools: tuple[str, ...]
    utilisation: Mapping[str, Utilisation]


def append_tools(model: BaseChatModel, tools: Sequence[BaseTool], compiled: Compiled) -> Runnable[Any, Any]:
    """An agent with the meta-tools beside the original tools."""
    return build_agent(model, [*tools, *compiled.get_tools()])


def run_demo(
    *,
    traces: Path,
    record: Record,
    compile_traces: Compile,
    install: Install = append_tools,
    model: BaseChatModel | None = None,
    tasks: int = 300,
    held_out: float = 0.3,
    seed: int = 11,
    progress: Progress | None = None,
) -> DemoResult:
    """Record, compile, and do held-out tasks without and with the meta-tools on two equal copies of the world.

    Args:
        traces: where to record.
        record: opens the store.
        compile_traces: compiles what was recorded.
        install: builds the agent that has the meta-tools.
        model: a real chat model; without one, the scripted stand-in.
        tasks: how many to make up.
        held_out: share of the tasks that is not recorded.
        seed: of the tasks and of the split.
        progress: told after each task.

    Raises:
        MissingExtraError: `langchain` is not installed.
    """
    model = model or scripted_model()
    tell = progress or (lambda _phase, _done, _total: None)
    with World.create(seed=WORLD_SEED) as world, world.copy() as one, world.copy() as other:
        train, unseen = split_tasks(generate_tasks(world, tasks, seed=seed), held_out=held_out, seed=seed)
        with record(traces) as recorder:
            _run_phase("record", build_agent(model, back_office_tools(world)), train, tell, recorder)
        before = _run_phase("without meta-tools", build_agent(model, back_office_tools(one)), unseen, tell)
        tools = back_office_tools(other)
        compiled = compile_traces(traces, tools)
        after = _run_phase("with meta-tools", install(model, tools, compiled), unseen, tell)
        differing = one.snapshot().differing(other.snapshot())
    names = tuple(meta_tool.name for meta_tool in compiled.meta_tools)
    return DemoResult(
        train_tasks=len(train),
        held_out_tasks=len(unseen),
        before=_sum_works(before, names),
        after=_sum_works(after, names),
        same_final_state=not differing,
        differing_tables=differing,
        same_answers=sum(a.answer == b.answer for a, b in zip(before, after, strict=True)),
        meta_tools=names,
        utilisation={each.name: _measure_utilisation(each, before, after) for each in compiled.meta_tools},
    )


def split_tasks(
    tasks: Sequence[Task], *, held_out: float, seed: int
) -> tuple[tuple[Task, ...], tuple[Task, ...]]:
    """The tasks to record and those to keep back, each in the order they came in."""
    ids = sorted(task.task_id for task in tasks)
    kept_back = set(random.Random(seed).sample(ids, round(len(ids) * held_out)))  # noqa: S311  # not a secret
    train = tuple(task for task in tasks if task.task_id not in kept_back)
    return train, tuple(task for task in tasks if task.task_id in kept_back)


def _run_phase(
    phase: str,
    agent: Runnable[Any, Any],
    tasks: Sequence[Task],
    tell: Progress,
    *callbacks: BaseCallbackHandler,
) -> list[Work]:
    done = iter(range(1, len(tasks) + 1))
    tell(phase, 0, len(tasks))
    return run_tasks(
        agent, tasks, callbacks=callbacks, progress=lambda _: tell(phase, next(done), len(tasks))
    )


def _sum_works(works: Sequence[Work], meta_tools: Sequence[str]) -> Totals:
    return Totals(
        model_calls=sum(work.model_calls for work in works),
        tool_calls=sum(name not in meta_tools for work in works for name in work.tool_calls),
        tokens=sum(work.tokens for work in works),
        seconds=sum(work.seconds for work in works),
    )


def _measure_utilisation(meta_tool: MetaTool, before: Sequence[Work], after: Sequence[Work]) -> Utilisation:
    routine = _collapse_repeats([step.tool for step in meta_tool.steps])
    used = {work.task_id for work in after if meta_tool.name in (*work.tool_calls, *work.meta_tools)}
    went_through = {work.task_id for work in before if _contains(_collapse_repeats(work.tool_calls), routine)}
    applicable = used | went_through
    return Utilisation(
        applicable=len(applicable),
        used=len(used),
        share=len(used) / len(applicable) if applicable else 0.0,
    )


def _collapse_repeats(names: Sequence[str]) -> list[str]:
    """Calls of one tool in a row count as one: a routine does them for each item of a list."""
    return [name for name, _ in groupby(names)]


def _contains(names: Sequence[str], routine: Sequence[str]) -> bool:
    starts = range(len(names) - len(routine) + 1)
    return any(names[start : start + len(routine)] == routine for start in starts)
