"""Compiles one half of the tasks of each file of recordings, then the other half anew and as a recompilation, and compares.

    AWO_RECORDINGS=path/to/recordings python benchmarks/recompile_recordings.py

How many of the first half's meta-tools are still there, and what both save on the second half (chooser, share of model calls).
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path

import langchain_awo as awo
from langchain_awo.model.ir.metatool import MetaTool, ToolkitPlan
from langchain_awo.model.trace.trace import Trace
from langchain_awo.optimizer.pipeline import compile_plan
from langchain_awo.optimizer.recompile.previous import fingerprint_routine
from langchain_awo.optimizer.recompile.recompile import recompile_plan
from langchain_awo.optimizer.replay.evaluate import replay_report

SPLITS = 3


def main() -> None:
    folder = Path(os.environ["AWO_RECORDINGS"])
    print(
        "| recordings | split | meta-tools | still there: compiled anew | recompiled | saves: old | compiled anew | recompiled |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for path in sorted(folder.glob("*.jsonl.gz")):
        traces = awo.load_traces(path)
        for seed in range(SPLITS):
            print(row(path.name.split(".")[0], seed, traces), flush=True)


def row(name: str, seed: int, traces: Sequence[Trace]) -> str:
    first, second = halves(traces, seed)
    old = compile_plan(first)
    anew, again = compile_plan(second), recompile_plan(second, old).plan
    saved = [f"{replay_report(second, plan.meta_tools).result.chooser:.1%}" for plan in (old, anew, again)]
    there = [still_there(old, plan.meta_tools) for plan in (anew, again)]
    return f"| {name} | {seed} | {len(old.meta_tools)} | {there[0]} | {there[1]} | {' | '.join(saved)} |"


def halves(traces: Sequence[Trace], seed: int) -> tuple[list[Trace], list[Trace]]:
    tasks = sorted({trace.task_key for trace in traces})
    random.Random(seed).shuffle(tasks)  # noqa: S311  # reproducible, nothing secret
    chosen = set(tasks[: len(tasks) // 2])
    inside = [trace for trace in traces if trace.task_key in chosen]
    return inside, [trace for trace in traces if trace.task_key not in chosen]


def still_there(old: ToolkitPlan, meta_tools: Sequence[MetaTool]) -> int:
    """How many routines are the same, step by step."""
    known = {fingerprint_routine(each) for each in old.meta_tools}
    return sum(fingerprint_routine(each) in known for each in meta_tools)


if __name__ == "__main__":
    main()
