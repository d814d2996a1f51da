"""Unites near-duplicates among the chosen meta-tools: one general meta-tool instead of two special ones.

Two meta-tools with the same first step are near-duplicates if one does all that the other does, or if they differ in constants
only; the general one takes those as parameters. They are united where a replay on the runs says that next to nothing is lost, in the
shortest way that does.

before::

    find_customer_with_orders_and_tickets(email)    find_customer > list_orders > search_tickets(status="open")
    find_customer_with_tickets(email)               find_customer > list_orders > search_tickets(status="closed")

after::

    find_customer_with_orders_and_tickets(email, status?)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import combinations, count
from typing import Final

from langchain_awo.model.binding import Constant, Parameter
from langchain_awo.model.eager import eager_part
from langchain_awo.model.metatool import Evidence, Guard, MetaTool, ParameterSpec, Step
from langchain_awo.optimizer.replay.cost import Bench, Prices
from langchain_awo.optimizer.replay.counterfactual import Tally

MAX_LOSS: Final = 0.01
"""Share of what the meta-tools are worth together that fewer, more general ones may cost."""


def unite(
    meta_tools: Sequence[MetaTool], bench: Bench, *, prices: Prices, settled: Sequence[MetaTool] = ()
) -> list[MetaTool]:
    """The meta-tools with near-duplicates united, in the order they were in.

    Args:
        settled: meta-tools that stay apart, because they were together before: the loss that is allowed is allowed once.
    """
    kept = list(meta_tools)
    apart = frozenset(map(_whole, settled))
    if not any(True for _ in _unions(kept, apart)):
        return kept
    least = (1 - MAX_LOSS) * _worth(kept, bench, prices) - prices.min_gain
    while True:
        unions = list(_unions(kept, apart))
        rated = [(_worth(union, bench, prices), union) for union in unions]
        good = [(_length(union), -worth, repr(union), union) for worth, union in rated if worth >= least]
        if not good:
            return kept
        kept = min(good)[-1]


def _length(meta_tools: Sequence[MetaTool]) -> int:
    """Steps of all; of two that are worth as much, the shorter one fetches less in vain."""
    return sum(len(each.steps) for each in meta_tools)


def _unions(kept: Sequence[MetaTool], apart: AbstractSet[str]) -> Iterator[list[MetaTool]]:
    """The meta-tools with two of them united, in every way."""
    for first, second in combinations(range(len(kept)), 2):
        if {_whole(kept[first]), _whole(kept[second])} <= apart:
            continue
        for united in unions_of(kept[first], kept[second]):
            without = [each for i, each in enumerate(kept) if i not in (first, second)]
            yield [*without[:first], united, *without[first:]]


def unions_of(one: MetaTool, other: MetaTool) -> Iterator[MetaTool]:
    """The meta-tools that could stand for both; none if they are not near-duplicates."""
    if _anchor(one) != _anchor(other):
        return
    for special, general in ((one, other), (other, one)):
        if matched := _inside(special, general):
            yield _with_eager(general, special, matched)
            if "append" in (one.mode, other.mode):
                yield _with_eager(special, general, {there: here for here, there in matched.items()})
    generalized = _generalized(one, other)
    if generalized is not None:
        yield generalized


def _anchor(meta_tool: MetaTool) -> str:
    return repr(_bare(meta_tool.steps[0]))


def _whole(meta_tool: MetaTool) -> str:
    return repr([_bare(step) for step in meta_tool.steps])


def _bare(step: Step) -> Step:
    """What a step does, whatever is known of it."""
    return replace(step, eager=False, never_empty=False, evidence={}, hide={})


def _inside(special: MetaTool, general: MetaTool) -> dict[int, int]:
    """Numbers of the general meta-tool's steps that do what each step of the special one does, all of them or none."""
    matched: dict[int, int] = {}
    for number, step in enumerate(special.steps, start=1):
        if not step.depends_on <= matched.keys():
            return {}
        wanted = repr(_bare(step.renumbered(matched)))
        candidates = (n for n, each in enumerate(general.steps, start=1) if repr(_bare(each)) == wanted)
        there = next((n for n in candidates if n not in matched.values()), None)
        if there is None:
            return {}
        matched[number] = there
    return matched


def _with_eager(kept: MetaTool, dropped: MetaTool, matched: Mapping[int, int]) -> MetaTool:
    """A meta-tool that also continues where the dropped one would; it is shown to the model if either was."""
    eager = {there for here, there in matched.items() if dropped.steps[here - 1].eager}
    steps = tuple(
        replace(step, eager=step.eager or number in eager) for number, step in enumerate(kept.steps, start=1)
    )
    shown = next((each for each in (kept, dropped) if each.mode == "append"), kept)
    return replace(kept, steps=steps, mode=shown.mode, mode_reason=shown.mode_reason)


def _generalized(one: MetaTool, other: MetaTool) -> MetaTool | None:
    """One meta-tool for two whose steps differ in constants only, which become optional parameters."""
    if len(one.steps) != len(other.steps) or one.mode != other.mode:
        return None
    steps, parameters = [], list(one.parameters)
    for mine, theirs in zip(one.steps, other.steps, strict=True):
        if repr(_bare(mine)) == repr(_bare(theirs)):
            steps.append(mine)
            continue
        differing = [n for n in mine.args if mine.args[n] != theirs.args.get(n)]
        if mine.guard or not _same_but(mine, theirs, differing):
            return None
        names = {name: _free(name, parameters) for name in differing}
        parameters += [ParameterSpec(name=free, required=False) for free in names.values()]
        args = {name: Parameter(name=names[name]) if name in names else b for name, b in mine.args.items()}
        guard = Guard(source=Parameter(name=names[differing[0]]), test="given")
        steps.append(replace(mine, args=args, guard=guard, eager=False))
    return replace(one, steps=tuple(steps), parameters=tuple(parameters), evidence=_both(one, other))


def _same_but(mine: Step, theirs: Step, differing: Sequence[str]) -> bool:
    constants = all(isinstance(step.args.get(n), Constant) for n in differing for step in (mine, theirs))
    kept = replace(theirs, args={**theirs.args, **{name: mine.args[name] for name in differing}})
    return bool(differing) and constants and repr(_bare(mine)) == repr(_bare(kept))


def _free(name: str, parameters: Sequence[ParameterSpec]) -> str:
    taken = {spec.name for spec in parameters}
    candidates = (name if number == 1 else f"{name}_{number}" for number in count(1))
    return next(each for each in candidates if each not in taken)


def _both(one: MetaTool, other: MetaTool) -> Evidence:
    """Evidence of two meta-tools as that of one: the weaker lower bound, and what both were tried on."""
    mine, theirs = one.evidence, other.evidence
    weaker = min(mine, theirs, key=lambda each: each.lower_bound)
    return replace(
        weaker,
        occurrences=max(mine.occurrences, theirs.occurrences),
        held_out=mine.held_out + theirs.held_out,
        held_out_exact=mine.held_out_exact + theirs.held_out_exact,
    )


def _worth(meta_tools: Sequence[MetaTool], bench: Bench, prices: Prices) -> float:
    """What they are worth together, in usual model calls: picked by a chooser, and run unasked, less their schemas."""
    picked, continued = Tally(), Tally()
    chosen = [bench.simulations(each) for each in meta_tools if each.mode != "continue"]
    eager = [bench.simulations(part) for each in meta_tools if (part := eager_part(each))]
    for index in range(len(bench.pairs)):
        picked.add(bench.chooser(index, chosen))
        continued.add(bench.continued(index, eager))
    schemas = sum(bench.cost_of_schema(each, prices) for each in meta_tools if each.mode != "continue")
    saved = picked.saved - picked.repeats - prices.over_fetch * picked.over_fetched
    return saved - schemas + bench.worth(continued, prices)
