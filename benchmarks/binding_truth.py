"""Compiles generated worlds whose data flow is known, and prints how much of it is found and how much is claimed wrongly.

    python benchmarks/binding_truth.py --first 1000 --worlds 20

Every seed is another world: other tools, other flow, other shapes of output, decoys that hold the right value by chance,
and agents that repeat, fail, loop, stray and deviate.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from langchain_awo.optimizer.pipeline import compile_plan
from langchain_awo.testing import generate_world, judge, play
from langchain_awo.testing.judging import Judgement


def main() -> None:
    options = _arguments()
    seeds = range(options.first, options.first + options.worlds)
    work = partial(judged, tools=options.tools, runs=options.runs)
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(work, seeds))
    for seed, each in zip(seeds, found, strict=True):
        for claim in each.wrong:
            print(f"world {seed}, wrong: {claim}")
        for tool, argument in sorted(each.flowing - each.found) if options.missed else ():
            print(f"world {seed}, not found: {tool}({argument})")
    print(summary(found))


def judged(seed: int, *, tools: int, runs: int) -> Judgement:
    """What is compiled from the runs of one world, held against its truth."""
    world = generate_world(seed, tools=tools)
    return judge(world, compile_plan(play(world, runs)).meta_tools)


def summary(found: Sequence[Judgement]) -> str:
    """Precision and recall over all worlds."""
    right, wrong = sum(each.right for each in found), sum(len(each.wrong) for each in found)
    known, flowing = sum(len(each.found) for each in found), sum(len(each.flowing) for each in found)
    return (
        f"{len(found)} worlds: precision {right / max(1, right + wrong):.3f} ({wrong} of {right + wrong} claims wrong), "
        f"recall {known / max(1, flowing):.3f} ({known} of {flowing} flows found)"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Precision and recall of bindings in generated worlds.")
    parser.add_argument("--first", type=int, default=1000, help="first seed")
    parser.add_argument("--worlds", type=int, default=20, help="how many")
    parser.add_argument("--tools", type=int, default=5, help="of each world, 2 to 10")
    parser.add_argument("--runs", type=int, default=40, help="of each world, each a task of its own")
    parser.add_argument("--missed", action="store_true", help="also list the flows that were not found")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    return parser.parse_args()


if __name__ == "__main__":
    main()
