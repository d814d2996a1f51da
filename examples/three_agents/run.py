"""Three agents, measured before and after: `python examples/three_agents/run.py`. No key, about fifteen seconds."""

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

import analyst
import incident
import travel
from rich.console import Console
from rich.table import Table

from langchain_awo import Options
from langchain_awo.demo.trial import Trial, run_trial

AGENTS = {
    "incident response": (incident.Operations, incident),
    "travel booking": (travel.Agency, travel),
    "SQL analyst": (analyst.Warehouse, analyst),
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--tasks", type=int, default=120, help="tasks for each agent, a third of them held out"
    )
    asked = options.parse_args()
    trials = {}
    for name, (place, agent) in AGENTS.items():
        tasks = agent.generate_tasks(asked.tasks)
        trials[name] = run_trial(
            place,
            agent.plan_for,
            tasks,
            held_out=len(tasks) // 3,
            folder=Path(tempfile.mkdtemp()),
            options=Options(),
            reading=agent.READS,
            comparing=False,
            tell=partial(_tell, name),
        )
        print(f"{name}\n\n{trials[name].toolkit}\n", flush=True)
    Console(width=100).print(_table(trials))


def _tell(name: str, phase: str) -> None:
    print(f"{name}: {phase} ...", file=sys.stderr, flush=True)


def _table(trials: dict[str, Trial]) -> Table:
    table = Table("held-out tasks, before → after", *trials)
    for name in ("model_calls", "tool_calls", "tokens", "achieved"):
        pairs = [(getattr(each.before, name), getattr(each.after, name)) for each in trials.values()]
        table.add_row(name.replace("_", " "), *(f"{one:,} → {other:,}" for one, other in pairs))
    table.add_row("of", *(f"{each.held_out} tasks" for each in trials.values()))
    table.add_row("same rows", *("yes" if each.same_rows else "NO" for each in trials.values()))
    return table


if __name__ == "__main__":
    main()
