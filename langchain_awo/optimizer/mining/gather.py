"""Finds lookups that agents make one after another though they knew all of the arguments, and makes one call of them.

Nothing flows between such lookups and their order varies, so no chain of them repeats; which of them a task needs varies too.
The meta-tool takes a list for each of its tools and runs what it is given.

before::

    get_user(user_id)  get_order(order_id)  get_order(order_id)      (in one task, all ids from the request)
    get_order(order_id)  get_product(product_id)                     (in another)

after::

    1  get_order(order_id=each of $order_ids)          # if given
    2  get_user(user_id=each of $user_ids)             # if given
    3  get_product(product_id=each of $product_ids)    # if given
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import combinations
from typing import Final

from langchain_awo.model.binding import Item, Parameter
from langchain_awo.model.effect import Effect
from langchain_awo.model.metatool import Evidence, Guard, MetaTool, ParameterSpec, Step
from langchain_awo.optimizer.log.corpus import Corpus, Run, Segment
from langchain_awo.optimizer.mining.cross_validate import MIN_TASKS
from langchain_awo.optimizer.mining.forms import batch_step

MAX_TOOLS: Final = 6
"""A meta-tool that takes more lists is hard to choose."""


def gather(corpus: Corpus, *, avoid: AbstractSet[str] = frozenset()) -> Iterator[MetaTool]:
    """Meta-tools of independent lookups: each tool with those it is looked up beside in most tasks, one more each time.

    Args:
        corpus: the runs to learn from.
        avoid: tools that must not become steps.
    """
    together: dict[str, dict[str, set[tuple[str, str]]]] = defaultdict(lambda: defaultdict(set))
    for run, segment in corpus.segments():
        for earlier, later in _needlessly_apart(run, segment):
            together[earlier][later].add((run.task, run.trace_id))
            together[later][earlier].add((run.task, run.trace_id))
    signatures = _signatures(corpus)
    seen: set[tuple[str, ...]] = set()
    for tool in sorted(together.keys() - avoid):
        beside = _often_beside(tool, together[tool], avoid)
        for count in range(1, len(beside) + 1):
            members = tuple(sorted([tool, *beside[:count]]))
            if members not in seen:
                seen.add(members)
                pairs = combinations(members, 2)
                places = {place for one, other in pairs for place in together[one].get(other, ())}
                yield _meta_tool([signatures[each] for each in members], places)


def _often_beside(
    tool: str, places: Mapping[str, AbstractSet[tuple[str, str]]], avoid: AbstractSet[str]
) -> list[str]:
    """The tools that stand beside a tool in the most tasks, in enough of them, those first."""
    tasks = {other: len({task for task, _ in found}) for other, found in places.items()}
    often = (other for other in tasks if other != tool and other not in avoid and tasks[other] >= MIN_TASKS)
    return sorted(often, key=lambda other: (-tasks[other], other))[: MAX_TOOLS - 1]


def _needlessly_apart(run: Run, segment: Segment) -> Iterator[tuple[str, str]]:
    """Tools of two lookups of which the later one could have been made with the earlier one, and no write between."""
    latest: dict[str, int] = {}
    seen: set[str] = set()
    for current in segment.rounds:
        if not all(call.effect.is_read for call in current.calls):
            latest.clear()
            seen.clear()
            continue
        fresh = [call for call in current.calls if call.ok and call.key not in seen]
        for call in fresh:
            yield from (
                (tool, call.tool) for tool, start in latest.items() if run.known(call.args, before=start)
            )
        latest |= {call.tool: current.start for call in fresh}
        seen |= {call.key for call in fresh}


def _signatures(corpus: Corpus) -> dict[str, Step]:
    """By tool a step without bindings: its effect, the arguments it was called with, and which of them not always."""
    calls: Counter[str] = Counter()
    given: dict[str, Counter[str]] = defaultdict(Counter)
    for _, segment in corpus.segments():
        for call in (call for current in segment.rounds for call in current.calls if call.ok):
            calls[call.tool] += 1
            given[call.tool].update(call.args.keys())
    return {
        tool: Step(
            tool=tool,
            args={name: Item() for name in sorted(names)},
            optional=tuple(name for name in sorted(names) if names[name] < calls[tool]),
            effect=corpus.effects.get(tool, Effect.UNKNOWN),
        )
        for tool, names in given.items()
    }


def _meta_tool(signatures: Sequence[Step], places: AbstractSet[tuple[str, str]]) -> MetaTool:
    plain = [_step(signature, ())[1].name for signature in signatures]
    taken = [
        name for name, count in Counter(plain).items() if count > 1
    ]  # so that each is called after its tool
    steps: list[Step] = []
    parameters: list[ParameterSpec] = []
    for signature in signatures:
        step, spec = _step(signature, taken)
        steps.append(step)
        parameters.append(spec)
        taken.append(spec.name)
    evidence = Evidence(tasks=len({task for task, _ in places}), occurrences=len(places))
    return MetaTool(
        name="", description="", steps=tuple(steps), parameters=tuple(parameters), evidence=evidence
    )


def _step(signature: Step, taken: Sequence[str]) -> tuple[Step, ParameterSpec]:
    """A lookup for each element of a list parameter, if the list is given."""
    step, (spec,) = batch_step(replace(signature, args={}), list(signature.args), {}, taken)
    guard = Guard(source=Parameter(name=spec.name), test="given")
    return replace(step, guard=guard), replace(spec, required=False)
