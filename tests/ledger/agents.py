"""The three agents of the examples, in every mode: what is forecast beside what is executed. `python -m tests.ledger.agents`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import langchain_awo as awo
from langchain_awo.demo.agent.agent import Work, build_agent, run_tasks
from langchain_awo.demo.agent.offers import Toolbox
from langchain_awo.demo.agent.policy import build_policy
from langchain_awo.demo.trial import Trial, run_trial
from langchain_awo.model.ir.metatool import Mode, ToolkitPlan
from langchain_awo.monitoring.monitor import describe_net
from langchain_awo.optimizer.log.corpus import Corpus, build_corpus
from langchain_awo.optimizer.pipeline import Options
from langchain_awo.optimizer.replay.installed import replay_installed
from langchain_awo.testing import ScriptedChatModel
from tests.ledger.trial import MODES

AGENTS: Final = {"incident": "Operations", "travel": "Agency", "analyst": "Warehouse"}
"""By module, the class of the place that the agent works in."""

EXAMPLES: Final = Path(__file__).parents[2] / "examples" / "three_agents"


def agent_of(name: str) -> Any:
    """The module of an agent."""
    if str(EXAMPLES) not in sys.path:
        sys.path.insert(0, str(EXAMPLES))
    return importlib.import_module(name)


def compiled(name: str, folder: Path, *, tasks: int) -> tuple[ToolkitPlan, Corpus]:
    """The default plan of an agent, and the runs that it was compiled from."""
    agent, path = agent_of(name), folder / "traces.db"
    with closing(getattr(agent, AGENTS[name])()) as place, awo.TraceRecorder(path) as recorder:
        tools = place.tools()
        reads = frozenset(agent.READS)
        toolbox = Toolbox(reads=reads, writes=frozenset(tool.name for tool in tools) - reads)
        working = build_agent(ScriptedChatModel(policy=build_policy(agent.plan_for, toolbox)), tools)
        run_tasks(working, agent.generate_tasks(tasks), callbacks=[recorder])
        plan = awo.compile_toolkit(path, tools=tools).plan
    effects = {tool: signature.effect for tool, signature in plan.tools.items()}
    return plan, build_corpus(awo.load_traces(path), declared=effects)


def rows(name: str, tasks: int) -> Iterator[str]:
    """A line for each mode: saved as executed, and as forecast from the runs without the toolkit.

    In `replace` mode for the tasks in which the agent needs none of the tools that are hidden; of the others nobody can say what it does.
    """
    agent = agent_of(name)
    for mode in MODES:
        if mode == "entry":
            continue  # no host of these agents knows a parameter beforehand
        with TemporaryDirectory() as folder:
            found = run_trial(
                getattr(agent, AGENTS[name]),
                agent.plan_for,
                agent.generate_tasks(tasks),
                held_out=tasks // 3,
                folder=Path(folder),
                options=Options(),
                reading=agent.READS,
                mode=mode,
                comparing=False,
            )
            effects = {tool: signature.effect for tool, signature in found.toolkit.plan.tools.items()}
            corpus = build_corpus(awo.load_traces(Path(folder, "held-out.db")), declared=effects)
            watched = awo.monitor(Path(folder, "with-toolkit.db"), found.toolkit)
        yield f"{name:9} {mode or 'as planned':11} {compare(found, corpus, mode)}\n"
        saved = found.before.model_calls - found.after.model_calls
        net = describe_net(watched.ledger.total, watched.most, "USD")
        yield f"{name:9} {mode or 'as planned':11}  monitor: {net}; executed {saved}\n"


def compare(found: Trial, corpus: Corpus, mode: Mode | None) -> str:
    """What was executed beside what was said, of the tasks of which it can be said."""
    meta_tools = found.toolkit.plan.meta_tools
    stranded = replay_installed(meta_tools, corpus, mode=mode).stranded
    lost = {run.task for run in corpus.runs if run.trace_id in stranded}
    rest = corpus.of_tasks([task for task in corpus.tasks if task not in lost])
    said = replay_installed(meta_tools, rest, mode=mode).balance
    before, after = (
        {each.task_id: each for each in works if each.task_id not in lost} for works in found.works
    )
    calls = sum(before[task].model_calls - after[task].model_calls for task in before)
    tokens = sum(before[task].tokens - after[task].tokens for task in before)
    vain = sum(count_original(after[task]) - count_original(before[task]) for task in before)
    return (
        f" model calls {calls:4} said {said.model_calls:4.0f}"
        f" | tokens {tokens:7,} said {said.tokens:7,.0f} \u00b1 {said.margin:6,.0f}"
        f" | calls in vain {vain:4} said {said.over_fetched:4.0f} \u00b1 {said.unsure:.0f}"
        + (f" | of {len(before)} tasks; {len(lost)} need a hidden tool" if lost else "")
    )


def count_original(work: Work) -> int:
    """How often original tools ran in a task."""
    return len(work.tool_calls) - sum(name in work.meta_tools for name in work.tool_calls)


if __name__ == "__main__":
    for each in AGENTS:
        for row in rows(each, int(sys.argv[1]) if len(sys.argv) > 1 else 45):
            sys.stdout.write(row)
            sys.stdout.flush()
