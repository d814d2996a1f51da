"""What may become of a toolkit: histories of the back office after its routines were compiled, recorded from real agents.

Each runs over an equal copy of the world; only the times are made up, two weeks of March 2026, so that they can be compared.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool, StructuredTool

import langchain_awo as awo
from langchain_awo.demo.agent.agent import build_agent, run_tasks, scripted_model
from langchain_awo.demo.agent.office import back_office_policy
from langchain_awo.demo.agent.recipes import OFFICE
from langchain_awo.demo.backoffice.reading import LookupDesk
from langchain_awo.demo.backoffice.tasks import Task, generate_tasks
from langchain_awo.demo.backoffice.tools import READS, back_office_tools
from langchain_awo.demo.backoffice.world import World
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.trace.trace import Trace
from langchain_awo.optimizer.pipeline import Options
from langchain_awo.optimizer.replay.cost import Prices
from langchain_awo.testing import ScriptedChatModel

START: Final = 1_772_323_200.0
"""Midnight of 1 March 2026 UTC, in seconds since the epoch."""

DAYS: Final = 14

PRICES: Final = """\
# As if the scripted models were one of the cheaper ones.
models:
  back-office-policy: {input: 0.4, cached: 0.1, output: 1.6}
  ignores-new-tools: {input: 0.4, cached: 0.1, output: 1.6}
"""

COMPILED: Final = Options(max_tools=3, prices=Prices(schema=0.1))
"""How the toolkit is compiled: few meta-tools, and a schema at what providers bill for the unchanged beginning of a prompt."""

_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What happened after a toolkit was installed.

    Attributes:
        model: who does the tasks.
        families: what is asked for; everything as before if empty.
        change: of the tools since the toolkit was compiled.
        options: of the middleware.
    """

    model: Callable[[], BaseChatModel] = scripted_model
    families: frozenset[str] = frozenset()
    change: Callable[[World, list[BaseTool]], list[BaseTool]] = lambda _world, tools: tools
    options: Mapping[str, Any]


def record_histories(folder: str | os.PathLike[str], *, tasks: int = 160, after: int = 120) -> None:
    """Compiles a toolkit and records each history into a folder: `toolkit.json`, `prices.yaml`, a trace store for each.

    Args:
        folder: made if there is none; what an earlier call left there is replaced.
        tasks: how many are recorded to compile from, and `after` how many in each history.

    Raises:
        MissingExtraError: `langchain` is not installed.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    with World.create() as world:
        toolkit = _compile_from(world, generate_tasks(world, tasks))
        toolkit.save(target / "toolkit.json")
        (target / "prices.yaml").write_text(PRICES, encoding="utf-8")
        plain: dict[frozenset[str], dict[str, str]] = {}
        for name, history in HISTORIES.items():
            asked = _select_tasks(history, world, after)
            if history.families not in plain:
                plain[history.families] = _collect_plain_answers(world, asked)
            traces = _record_history(history, world, toolkit.plan, asked, plain[history.families])
            for file in target.glob(f"{name}.db*"):
                file.unlink()
            with awo.open_store(target / f"{name}.db") as store:
                store.append(_date_traces(traces))


def _compile_from(world: World, tasks: Sequence[Task]) -> awo.MetaToolkit:
    with world.copy() as place:
        tools = back_office_tools(place)
        _, traces = _run(build_agent(scripted_model(), tools), tasks)
    return awo.compile_toolkit(traces, tools=tools, options=COMPILED)


def _collect_plain_answers(world: World, tasks: Sequence[Task]) -> dict[str, str]:
    """What an agent without the toolkit answers."""
    with world.copy() as place:
        return _run(build_agent(scripted_model(), back_office_tools(place)), tasks)[0]


def _record_history(
    history: History, world: World, plan: ToolkitPlan, tasks: Sequence[Task], plain: Mapping[str, str]
) -> Iterator[Trace]:
    """The runs of a history; one succeeded if it ends with the plain answer."""
    with world.copy() as place:
        tools = history.change(place, back_office_tools(place))
        installed = awo.MetaToolMiddleware(awo.MetaToolkit(plan=plan, tools=tools), **history.options)
        answers, traces = _run(build_agent(history.model(), tools, middleware=[installed]), tasks)
    for trace in traces:
        task = trace.task_id or ""
        yield replace(trace, success=answers[task] == plain[task])


def _run(agent: Runnable[Any, Any], tasks: Sequence[Task]) -> tuple[dict[str, str], list[Trace]]:
    """What an agent answers to each task, and the traces."""
    with TemporaryDirectory() as folder:
        with awo.TraceRecorder(Path(folder, "traces.jsonl")) as recorder:
            works = run_tasks(agent, tasks, callbacks=[recorder], thread_of=lambda task: task.task_id)
        traces = awo.load_traces(Path(folder, "traces.jsonl"))
    return {work.task_id: work.answer for work in works}, traces


def _select_tasks(history: History, world: World, count: int) -> list[Task]:
    """Tasks nobody did before; of some families only, if the history says so."""
    many = generate_tasks(world, 10 * count, seed=23)
    return [task for task in many if not history.families or task.family in history.families][:count]


def _date_traces(traces: Iterable[Trace]) -> Iterator[Trace]:
    """The same runs, one after the other over two weeks, each as long as it was."""
    runs = list(traces)
    for number, trace in enumerate(runs):
        start = START + number * DAYS * _SECONDS / len(runs)
        yield _move_trace(trace, start - (trace.started_at or 0.0))


def _move_trace(trace: Trace, by: float) -> Trace:
    return replace(
        trace,
        **_shift_times(trace, by),
        model_calls=tuple(replace(call, **_shift_times(call, by)) for call in trace.model_calls),
        tool_calls=tuple(replace(call, **_shift_times(call, by)) for call in trace.tool_calls),
    )


def _shift_times(record: Any, by: float) -> dict[str, Any]:
    known = {name: getattr(record, name) for name in ("started_at", "ended_at")}
    return {name: None if moment is None else moment + by for name, moment in known.items()}


def _build_ignoring_model() -> BaseChatModel:
    return ScriptedChatModel(policy=_answer_with_old_tools, model_name="ignores-new-tools")


def _answer_with_old_tools(
    messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]
) -> AIMessage | str:
    """Some models never choose a tool that was added later."""
    return back_office_policy(messages, [tool for tool in tools if tool["function"]["name"] in OFFICE.names])


def _with_pages(world: World, tools: list[BaseTool]) -> list[BaseTool]:
    """A new version of `list_orders` gives its result in pages."""

    def list_orders(
        customer_id: str,
        status: Literal["processing", "shipped", "delivered", "cancelled"] | None = None,
        page: int = 1,
    ) -> dict[str, Any]:
        """List the orders of a customer, newest first, twenty on a page."""
        return {**LookupDesk(world).list_orders(customer_id, status), "page": page}

    paged = StructuredTool.from_function(list_orders, metadata=READS, handle_tool_error=True)
    return [paged if tool.name == "list_orders" else tool for tool in tools]


HISTORIES: Final[Mapping[str, History]] = {
    "healthy": History(options={}),
    "drifted": History(
        families=frozenset({"goodwill", "cancel_order", "small_talk", "reopen_ticket"}),
        options={},
    ),
    "ignored": History(model=_build_ignoring_model, options={"mode": "append"}),
    "changed": History(change=_with_pages, options={}),
    "experiment": History(options={"hold_out": 0.3}),
}
"""By name: used as it was meant; asked for other things; a model that does not choose it; a tool that is not what it was;
and a part of the threads held out, to compare with."""
