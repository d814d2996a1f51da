"""Chooses what is run unasked after an anchor call, in continue mode.

Such reads cost no place in the prompt, but what they fetch in vain is read by the next model call. Steps are added as
long as each saves more than it fetches in vain, weighed by what a fetch costs; a list may be cut to its first items
where that is where agents look.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from langchain_awo.model.eager import eager_part
from langchain_awo.model.metatool import MetaTool, Step
from langchain_awo.model.reach import reaches_out
from langchain_awo.optimizer.bench import Bench, Prices, Simulated
from langchain_awo.optimizer.replay import Tally

FIRST_ITEMS: Final = (1, 2, 5)
"""Shorter limits of a map that are tried beside its own."""


@dataclass(frozen=True, slots=True)
class _Trial:
    """A meta-tool with eager steps, and where it would run.

    Attributes:
        replaces: position of the meta-tool of which it is a fuller form, `None` for a new one.
    """

    meta_tool: MetaTool
    simulated: Simulated
    replaces: int | None


def add_eager(
    chosen: Sequence[MetaTool],
    candidates: Sequence[MetaTool],
    bench: Bench,
    *,
    max_tools: int,
    prices: Prices,
    former: Sequence[MetaTool] = (),
) -> list[MetaTool]:
    """The chosen meta-tools with their eager steps marked, and further ones that only continue.

    Args:
        chosen: meta-tools for the model to pick; they stay, in order.
        candidates: verified routines, of which some may be worth continuing with.
        bench: the runs to try them on.
        max_tools: budget of meta-tools, chosen ones included.
        prices: what things cost.
        former: meta-tools that continued so far; they come before all others as long as they are worth it, and steps that
            are marked already stay so as long as they cost nothing.
    """
    kept = [_unmarked(each) for each in chosen]
    running: dict[int, Simulated] = {}
    value = 0.0
    for trial in _as_before(chosen, former, bench):
        gain = _value(trial, running, len(kept), bench, prices) - value
        is_new = trial.replaces is None
        if gain >= (prices.min_gain / 2 if is_new else 0) and (not is_new or len(kept) < max_tools):
            value += gain
            _take(trial, kept, running)
    while True:
        room = len(kept) < max_tools
        trials = [*_deepened(kept, bench), *(_fresh(kept, candidates, len(chosen), bench) if room else ())]
        rated = [(_value(trial, running, len(kept), bench, prices) - value, trial) for trial in trials]
        best = max(
            rated,
            key=lambda pair: (pair[0], -len(pair[1].meta_tool.steps), repr(pair[1].meta_tool)),
            default=None,
        )
        if best is None or best[0] < prices.min_gain / 2:
            return kept
        value += best[0]
        _take(best[1], kept, running)


def _take(trial: _Trial, kept: list[MetaTool], running: dict[int, Simulated]) -> None:
    position = len(kept) if trial.replaces is None else trial.replaces
    kept[position : position + 1] = [trial.meta_tool]
    running[position] = trial.simulated


def _as_before(chosen: Sequence[MetaTool], former: Sequence[MetaTool], bench: Bench) -> Iterator[_Trial]:
    for position, each in enumerate(chosen):
        yield from _tried(_home(each, bench), position, bench)
    for each in former:
        yield from _tried(_home(each, bench), None, bench)


def _unmarked(meta_tool: MetaTool) -> MetaTool:
    return replace(meta_tool, steps=tuple(replace(step, eager=False) for step in meta_tool.steps))


def _home(meta_tool: MetaTool, bench: Bench) -> MetaTool:
    steps = (replace(step, eager=step.eager and _stays_home(step, bench)) for step in meta_tool.steps)
    return replace(meta_tool, steps=tuple(steps))


def _stays_home(step: Step, bench: Bench) -> bool:
    """Whether a step may run unasked: what reaches out may not."""
    return not reaches_out(bench.corpus.reach.get(step.tool, {}))


def _deepened(kept: Sequence[MetaTool], bench: Bench) -> Iterator[_Trial]:
    """Each meta-tool with one more eager step, or with two where the second needs the first."""
    for position, meta_tool in enumerate(kept):
        for deeper in _one_more(meta_tool, bench):
            yield from _tried(deeper, position, bench)
            for deepest in _one_more(deeper, bench):
                yield from _tried(deepest, position, bench)


def _fresh(
    kept: Sequence[MetaTool], candidates: Sequence[MetaTool], chosen: int, bench: Bench
) -> Iterator[_Trial]:
    """Candidates that only continue, at most one for each anchor: the fullest form takes the place of the others."""
    by_anchor = {meta_tool.steps[0].tool: i for i, meta_tool in enumerate(kept) if i >= chosen}
    for candidate in candidates:
        if candidate.steps[0].over is None and not any(step.guard for step in candidate.steps):
            for shape in _shapes(candidate, bench):
                yield from _tried(shape, by_anchor.get(candidate.steps[0].tool), bench)


def _shapes(candidate: MetaTool, bench: Bench) -> Iterator[MetaTool]:
    steps = tuple(
        replace(step, eager=bool(i) and _stays_home(step, bench)) for i, step in enumerate(candidate.steps)
    )
    whole = replace(
        candidate, steps=steps, mode="continue", mode_reason="every further step follows from the first call"
    )
    yield whole
    for position, step in enumerate(steps):
        if step.over:
            for limit in FIRST_ITEMS:
                cut = (
                    *steps[:position],
                    replace(step, over=replace(step.over, limit=limit)),
                    *steps[position + 1 :],
                )
                yield replace(whole, steps=cut)


def _one_more(meta_tool: MetaTool, bench: Bench) -> Iterator[MetaTool]:
    if meta_tool.steps[0].over:
        return
    ready = {1, *(number for number, step in enumerate(meta_tool.steps, start=1) if step.eager)}
    for position, step in enumerate(meta_tool.steps):
        usable = (
            position
            and not step.eager
            and not step.guard
            and step.effect.is_read
            and _stays_home(step, bench)
        )
        if usable and step.depends_on <= ready and step.depends_on:
            steps = list(meta_tool.steps)
            steps[position] = replace(step, eager=True)
            yield replace(meta_tool, steps=tuple(steps))


def _tried(meta_tool: MetaTool, replaces: int | None, bench: Bench) -> Iterator[_Trial]:
    shortened = eager_part(meta_tool)
    if shortened:
        yield _Trial(meta_tool, bench.simulations(shortened), replaces)


def _value(trial: _Trial, running: dict[int, Simulated], new: int, bench: Bench, prices: Prices) -> float:
    together = {**running, (new if trial.replaces is None else trial.replaces): trial.simulated}
    simulated = [together[position] for position in sorted(together)]
    touched = sorted({index for each in simulated for index in each})
    tallies = [bench.continued(index, simulated) for index in touched]
    total = Tally()
    for tally in tallies:
        total.add(tally)
    if total.over_fetched > prices.max_over_fetch * (total.saved - total.repeats):
        return -math.inf
    return bench.worth(total, prices)
