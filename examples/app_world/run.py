"""The app world, measured: `python examples/app_world/run.py`. Credentials, login and token are compiled. No key, half a minute."""

import argparse
import sys
import tempfile
from pathlib import Path

from plans import generate_tasks, plan_for
from tools import READS
from world import FRIENDS, MEMBERS, NOTES, AppWorld, playlist_titles

from langchain_awo import Options, RuleSet
from langchain_awo.demo.trial import run_trial
from langchain_awo.demo.trial_text import format_trial
from langchain_awo.optimizer.rules.file import read_rules

HERE = Path(__file__).parent


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tasks", type=int, default=90, help="how many tasks, a third of them held out")
    options.add_argument("--no-comparison", action="store_true", help="leave out the other strategies")
    options.add_argument("--no-rules", action="store_true", help="compile without the merging rules")
    asked = options.parse_args()
    tasks = generate_tasks(
        asked.tasks, members=MEMBERS, playlists=playlist_titles(), friends=FRIENDS, notes=NOTES
    )
    world = AppWorld()
    rules = read_rules(HERE / "rules.yaml")
    trial = run_trial(
        AppWorld,
        plan_for,
        tasks,
        held_out=len(tasks) // 3,
        folder=Path(tempfile.mkdtemp()),
        options=Options(
            rules=RuleSet() if asked.no_rules else rules, effects=rules.effects, writes="guarded"
        ),
        comparing=not asked.no_comparison,
        tell=lambda phase: print(f"{phase} ...", file=sys.stderr, flush=True),
        reading=[tool.name for tool in world.tools() if tool.metadata == READS],
    )
    print(format_trial(trial))


if __name__ == "__main__":
    main()
