"""Three agents, measured before and after: `python examples/three_agents/run.py`. About a minute, no key."""

import argparse
import tempfile
from pathlib import Path

import analyst
import incident
import travel
from rich.console import Console
from rich.table import Table

from langchain_awo.demo.trial import Trial, run_trial
from langchain_awo.optimizer.pipeline import Options

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
        print(f"{name}: recording, compiling, and working without and with the meta-tools ...", flush=True)
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
        )
        print(f"\n{trials[name].toolkit}\n", flush=True)
    Console(width=100).print(_table(trials))


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
