"""`awo demo`: the tour with the real recorder, the real optimizer and a real agent."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from langchain_awo.cli.demo_files import clear_earlier, mark_as_demo
from langchain_awo.cli.notation import lay_out_plan
from langchain_awo.cli.options import PHASES, AsJson
from langchain_awo.cli.sources import get_first_line, load_chat_model
from langchain_awo.cli.terminal import (
    Tell,
    format_count,
    format_percent,
    measure_terminal,
    progress,
    put,
    put_json,
    put_table,
    say,
)
from langchain_awo.errors import AwoError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import Runnable
    from langchain_core.tools import BaseTool

    from langchain_awo.demo.run import Compiled, DemoResult
    from langchain_awo.runtime.tool.toolkit import MetaToolkit

SCRIPTED_TASKS: Final = 300
REAL_TASKS: Final = 40
"""Calls of a real model cost time and money."""

STAND_IN: Final = """\
A scripted model stands in for an LLM: it is a program that knows how to do these tasks with the original tools, and
judges any other tool by its name, description and parameters alone. Agent, tools, database, recorder, optimizer and
meta-tools are real. For a real LLM: awo demo --model provider:name"""

MORE_CALLS: Final = "There are more tool calls because a meta-tool may read more than a task needs."
NO_WAIT: Final = "The scripted model answers at once, so the seconds are those of everything else."

NEXT: Final = """\
What to try next{where}:
  awo show {toolkit}             the meta-tools, step by step
  awo show {toolkit} --refused   what was not compiled, and why
  awo show {traces}                what was recorded
  awo evaluate {traces}            the same savings on held-out tasks, beside the published method and the ceiling
Then record an agent of your own: docs/tutorial.md shows how, in ten minutes."""


def demo(
    *,
    tasks: Annotated[
        int | None,
        typer.Option(
            min=4,
            help=f"How many tasks to generate; {SCRIPTED_TASKS}, with --model {REAL_TASKS}.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed for the tasks and for which of them are held out.")] = 11,
    model: Annotated[
        str | None,
        typer.Option(metavar="PROVIDER:NAME", help="A real chat model, such as openai:gpt-4.1-mini."),
    ] = None,
    directory: Annotated[
        Path, typer.Option(file_okay=False, exists=True, help="Folder for traces.db and toolkit.json.")
    ] = Path(),
    as_json: AsJson = False,
) -> None:
    """Record an agent, compile its routines, and run unseen tasks with and without them.

    Writes traces.db and toolkit.json. Exits with 1 if the two runs leave different databases.

    Example: `awo demo --tasks 100`
    """
    count = tasks or (REAL_TASKS if model else SCRIPTED_TASKS)
    real = load_chat_model(model) if model else None
    traces, toolkit = _prepare_targets(directory)
    say(_introduce(count, model))
    with progress({**PHASES, "record": "recording"}) as tell:
        tour = _Tour(traces, toolkit, tell)
        result = tour.run(real, tasks=count, seed=seed)
    if as_json:
        put_json(asdict(result))
    elif tour.compiled:
        _put(result, tour.compiled, traces, toolkit, model=model)
    if not result.same_final_state:
        raise typer.Exit(1)


class _Tour:
    """Connects the tour to what a user of this package would use."""

    def __init__(self, traces: Path, toolkit: Path, tell: Tell) -> None:
        self._traces, self._toolkit, self._tell = traces, toolkit, tell
        self.compiled: MetaToolkit | None = None

    def run(self, model: BaseChatModel | None, *, tasks: int, seed: int) -> DemoResult:
        from langchain_awo.api.recording import TraceRecorder
        from langchain_awo.demo.run import run_demo

        try:
            return run_demo(
                traces=self._traces,
                record=TraceRecorder,
                compile_traces=self._compile,
                install=self._install,
                model=model,
                tasks=tasks,
                seed=seed,
                progress=self._tell,
            )
        except AwoError:
            raise
        except Exception as error:
            if model is None:
                raise
            raise typer.BadParameter(
                f"the model failed: {get_first_line(error)}", param_hint="--model"
            ) from error

    def _compile(self, traces: Path, tools: Sequence[BaseTool]) -> MetaToolkit:
        from langchain_awo.api.phases import compile_toolkit
        from langchain_awo.runtime.tool.toolkit import MetaToolkit

        found = compile_toolkit(traces, tools=tools, progress=self._tell)
        self.compiled = MetaToolkit(plan=mark_as_demo(found.plan), tools=tools)
        self.compiled.save(self._toolkit)
        return self.compiled

    def _install(
        self, model: BaseChatModel, tools: Sequence[BaseTool], compiled: Compiled
    ) -> Runnable[Any, Any]:
        """Each meta-tool in the mode that its plan says."""
        from langchain_awo.api.middleware import MetaToolMiddleware
        from langchain_awo.demo.agent.agent import build_agent
        from langchain_awo.demo.run import append_tools
        from langchain_awo.runtime.tool.toolkit import MetaToolkit

        if not isinstance(compiled, MetaToolkit):
            return append_tools(model, tools, compiled)
        return build_agent(model, tools, middleware=[MetaToolMiddleware(compiled)])


def _prepare_targets(directory: Path) -> tuple[Path, Path]:
    from langchain_awo.plan_file import check_target

    traces, toolkit = directory / "traces.db", directory / "toolkit.json"
    replaced = clear_earlier(traces, toolkit)
    check_target(toolkit)
    if replaced:
        say(f"replacing {' and '.join(map(str, replaced))} of an earlier demo")
    return traces, toolkit


def _introduce(count: int, model: str | None) -> str:
    plan = (
        f"A back office gets {format_count(count, 'task')}. An agent does some of them while it is recorded; its routines are "
        "compiled into\nmeta-tools; then it does the others twice, without and with them, on two equal copies of the database."
    )
    return f"{plan}\n{STAND_IN}\n" if model is None else f"{plan}\nThe model is {model}.\n"


def _put(
    result: DemoResult, compiled: MetaToolkit, traces: Path, toolkit: Path, *, model: str | None
) -> None:
    put(f"{lay_out_plan(compiled.plan, measure_terminal())}\n")
    before, after = result.before, result.after
    figures = [
        ("model calls", before.model_calls, after.model_calls, "{:,}"),
        ("tool calls", before.tool_calls, after.tool_calls, "{:,}"),
        ("tokens", before.tokens, after.tokens, "{:,}"),
        ("seconds", before.seconds, after.seconds, "{:.2f}"),
    ]
    put_table(
        f"{format_count(result.held_out_tasks, 'held-out task')}, {result.train_tasks:,} recorded",
        ["", "without", "with meta-tools", "change"],
        [
            [name, form.format(old), form.format(new), f"{(new - old) / old:+.1%}" if old else ""]
            for name, old, new, form in figures
        ],
    )
    modes = {each.name: each.mode for each in compiled.meta_tools}
    put_table(
        "Utilisation: held-out tasks for which a meta-tool applied, and that used it",
        ["meta-tool", "installed", "applied", "used", "share"],
        [
            [name, modes[name], str(use.applicable), str(use.used), format_percent(use.share)]
            for name, use in result.utilisation.items()
        ],
    )
    put(_describe_state(result))
    if result.after.tool_calls > result.before.tool_calls:
        put(MORE_CALLS)
    if model is None:
        put(NO_WAIT)
    put(f"\nWrote {traces} and {toolkit}.\n")
    put(NEXT.format(traces=traces, toolkit=toolkit, where=_explain_activation()))


def _describe_state(result: DemoResult) -> str:
    same = (
        "yes, row by row"
        if result.same_final_state
        else f"NO; these tables differ: {', '.join(result.differing_tables)}"
    )
    return f"Same final state of the database: {same}. Same answers: {result.same_answers} of {result.held_out_tasks}."


def _explain_activation() -> str:
    """How to make `awo` a command, if it is none outside of its environment."""
    if shutil.which("awo"):
        return ""
    return f", after: . {os.path.relpath(Path(sys.executable).parent / 'activate')}"
