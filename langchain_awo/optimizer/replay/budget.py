"""What is left of a use that runs unasked, where the runtime lets it make only so many calls."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.stepping.execution import find_sources
from langchain_awo.optimizer.replay.simulate import Simulation


def within_budget(simulation: Simulation, meta_tool: MetaTool, *, calls: int) -> Simulation:
    """The part of a use that so many calls are enough for; a step whose calls are too many ends it, as at run time.

    Calls that are only estimated take of the budget too: the runtime makes them.

    Args:
        simulation: of the meta-tool, with all its calls.
        calls: the budget, the call of the first step included.
    """
    counts = _count_calls(simulation)
    if sum(counts.values()) <= calls:
        return simulation
    entered = _find_entered(counts, meta_tool, calls)
    made = {number: keys for number, keys in simulation.made.items() if number in entered}
    own = {key for keys in made.values() for key in keys}
    return replace(
        simulation,
        made=made,
        reproduced={key: position for key, position in simulation.reproduced.items() if key in own},
        estimated={number: count for number, count in simulation.estimated.items() if number in entered},
    )


def _count_calls(simulation: Simulation) -> Counter[int]:
    """The calls of each step, by its number."""
    counts = Counter({number: len(keys) for number, keys in simulation.made.items()})
    for number, count in simulation.estimated.items():
        counts[number] += round(count)
    return counts


def _find_entered(counts: Counter[int], meta_tool: MetaTool, left: int) -> set[int]:
    """The steps whose calls are made, in the order in which the stepping core begins them."""
    sources, finished = find_sources(meta_tool), set[int]()
    waiting = list(range(1, len(meta_tool.steps) + 1))
    while waiting:
        group: list[int] = []
        for number in waiting:
            if sources[number] <= finished:
                if counts[number] > left:
                    break
                left -= counts[number]
                group.append(number)
        if not group:
            break
        finished |= {*group}
        waiting = [number for number in waiting if number not in finished]
    return finished
