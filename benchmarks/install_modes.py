"""The four ways to install one compiled toolkit, over the same unseen tasks of the demo's back office.

    python benchmarks/install_modes.py [--tasks 300] [--seed 11] [--json]

An agent is recorded at some of the tasks and its routines are compiled; the others are done once for each row, on equal copies of
the database. `whole` rows show the model every output whole instead of shaped to what recorded agents used. The scripted
model stands in for an LLM: it judges meta-tools by name, description and parameters.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool
from rich.console import Console
from rich.table import Table

import langchain_awo as awo
from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.demo.agent.agent import build_agent, run_tasks, scripted_model
from langchain_awo.demo.backoffice.tasks import Task, generate_tasks
from langchain_awo.demo.backoffice.tools import back_office_tools
from langchain_awo.demo.backoffice.world import Snapshot, World
from langchain_awo.demo.run import WORLD_SEED, split_tasks
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.runtime.outcome import Limits
from langchain_awo.runtime.tool.toolkit import MetaToolkit

ROWS: Mapping[str, dict[str, Any]] = {
    "nothing": {},
    "as the plan says": {"mode": None},
    "append": {"mode": "append"},
    "append, whole": {"mode": "append", "shape": False},
    "continue": {"mode": "continue"},
    "continue, whole": {"mode": "continue", "shape": False},
    "entry": {"mode": "entry"},
    "replace": {"mode": "replace"},
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """What all unseen tasks took together.

    Attributes:
        tool_calls: of the original tools, wherever they were made.
        same_answers: for how many tasks the agent said the same in the end as without meta-tools.
        same_database: whether the database ended up the same, row by row.
    """

    installed: str
    model_calls: int
    tool_calls: int
    tokens: int
    same_answers: int
    same_database: bool


def said(state: Any, _runtime: Any) -> dict[str, JSONValue]:
    """What the first message says that an entry meta-tool may want."""
    text = state["messages"][0].text
    orders = re.findall(r"\bO-\d+\b", text)
    found = {"email": re.findall(r"\S+@\w+(?:\.\w+)+", text), "order_id": orders, "order_ids": [orders]}
    return {name: values[0] for name, values in found.items() if values and values[0]}


def agent_of(
    model: BaseChatModel, tools: Sequence[BaseTool], toolkit: MetaToolkit, row: dict[str, Any]
) -> Any:
    """The agent of a row."""
    if not row:
        return build_agent(model, tools)
    limits = Limits(shape=row.get("shape", True))
    over = MetaToolkit(plan=toolkit.plan, tools=tools, limits=limits)
    return build_agent(model, tools, middleware=[MetaToolMiddleware(over, mode=row["mode"], entry=said)])


def measure(tasks: int, seed: int) -> tuple[list[Row], int]:
    """The rows, and how many tasks each of them did."""
    model = scripted_model()
    with World.create(seed=WORLD_SEED) as world, tempfile.TemporaryDirectory() as folder:
        train, unseen = split_tasks(generate_tasks(world, tasks, seed=seed), held_out=0.3, seed=seed)
        fresh = world.copy()
        tools = back_office_tools(world)
        traces = Path(folder) / "traces.db"
        with awo.TraceRecorder(traces) as recorder:
            run_tasks(build_agent(model, tools), train, callbacks=[recorder])
        toolkit = awo.compile_toolkit(traces, tools=tools)
        return _rows(model, fresh, unseen, toolkit), len(unseen)


def _rows(model: BaseChatModel, fresh: World, unseen: Sequence[Task], toolkit: MetaToolkit) -> list[Row]:
    rows: list[Row] = []
    meta_tools = {each.name for each in toolkit.meta_tools}
    plain: tuple[list[str], Snapshot] | None = None
    for name, row in ROWS.items():
        with fresh.copy() as world:
            works = run_tasks(agent_of(model, back_office_tools(world), toolkit, row), unseen)
            ended = [work.answer for work in works], world.snapshot()
        plain = plain or ended
        rows.append(
            Row(
                installed=name,
                model_calls=sum(work.model_calls for work in works),
                tool_calls=sum(tool not in meta_tools for work in works for tool in work.tool_calls),
                tokens=sum(work.tokens for work in works),
                same_answers=sum(one == other for one, other in zip(plain[0], ended[0], strict=True)),
                same_database=not plain[1].differing(ended[1]),
            )
        )
    return rows


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=300, help="tasks to make up; 30 %% are not recorded")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows, count = measure(options.tasks, options.seed)
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return
    table = Table("installed", title=f"{count} unseen tasks of the demo")
    for heading in ("model calls", "calls of tools", "tokens", "same answers", "same database"):
        table.add_column(heading, justify="right")
    for row in rows:
        counts = (row.model_calls, row.tool_calls, row.tokens, row.same_answers)
        table.add_row(row.installed, *(f"{each:,}" for each in counts), "yes" if row.same_database else "NO")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
