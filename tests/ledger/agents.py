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
from langchain_awo.demo.agent.agent import build_agent, run_tasks
from langchain_awo.demo.agent.offers import Toolbox
from langchain_awo.demo.agent.policy import build_policy
from langchain_awo.demo.trial import run_trial
from langchain_awo.model.ir.metatool import ToolkitPlan
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
    """A line for each mode: saved as executed, and as forecast from the runs without the toolkit."""
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
            plan, before, after = found.toolkit.plan, found.before, found.after
            effects = {tool: signature.effect for tool, signature in plan.tools.items()}
            corpus = build_corpus(awo.load_traces(Path(folder, "held-out.db")), declared=effects)
        said = replay_installed(plan.meta_tools, corpus, mode=mode).balance
        yield (
            f"{name:9} {mode or 'as planned':11}"
            f" model calls {before.model_calls - after.model_calls:4} said {said.model_calls:4.0f}"
            f" | tokens {before.tokens - after.tokens:7,} said {said.tokens:7,.0f} \u00b1 {said.margin:6,.0f}"
            f" | calls in vain {after.tool_calls - before.tool_calls:4} said {said.over_fetched:4.0f} \u00b1 {said.unsure:.0f}\n"
        )


if __name__ == "__main__":
    for each in AGENTS:
        for row in rows(each, int(sys.argv[1]) if len(sys.argv) > 1 else 45):
            sys.stdout.write(row)
            sys.stdout.flush()
