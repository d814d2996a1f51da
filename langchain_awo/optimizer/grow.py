"""Grows routines from an anchor: what agents go on to call, with arguments that flow from what came before.

An anchor is any call of one tool. The calls that follow it in its segment are the evidence: a follower whose arguments
can all be bound becomes a step, whose outputs can feed further steps. Arguments that nothing explains, but that were
known when the routine would start, become optional parameters: a step is left out if its parameters are not given.

before::

    find_user(email)  get_user(user_id)  get_order(order_id)  get_order(order_id)   (many times, in many tasks)

after::

    1  find_user(email=$email)
    2  get_user(user_id=#1)
    3  get_order(order_id=#2/orders/*)
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from langchain_awo.model.binding import Binding, Frame, Item, Output, Parameter, leaves, uses_item
from langchain_awo.model.effect import Effect
from langchain_awo.model.metatool import BindingEvidence, Guard, Map, MetaTool, ParameterSpec, Step
from langchain_awo.model.trace import JSONValue
from langchain_awo.optimizer.corpus import Call, Corpus, call_key
from langchain_awo.optimizer.dataflow import Bound, Example, StepFlow, collect_votes
from langchain_awo.optimizer.matching import fit_args, solve_map
from langchain_awo.optimizer.occurrences import (
    Occurrence,
    advance,
    follower_tools,
    occurrences_of,
    predicted,
)

MAX_STEPS: Final = 8
"""Longer routines are two routines."""

MIN_TASKS: Final = 2
"""A step that fewer tasks show is a coincidence."""

AGREEMENT: Final = 0.85
"""Share of the recorded calls that must agree on a constant or on a place that is used without a model's choice."""

CHOICE_AGREEMENT: Final = 0.4
"""Share that is enough for a read whose alternative is that the model makes the call itself."""

USUALLY: Final = 0.5
"""A step that is wanted less often than this is only run if a flag asks for it."""

MAX_EXTRA: Final = 20
"""A step may fetch so many calls nobody wanted for each one that was wanted; selection prices them."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A step that could be added, with what it would explain.

    Attributes:
        explained: calls of recorded agents that the step makes.
        extra: calls that the step makes and the recorded agents did not.
        place: mean place of these calls among what is left to explain; steps of equal worth are taken in recorded order.
        wanted: share of the occurrences, of those in which the step makes any call, in which one was wanted.
    """

    step: Step
    explained: int
    tasks: int
    extra: int
    wanted: float
    place: float = 0.0
    parameters: tuple[ParameterSpec, ...] = ()

    @property
    def score(self) -> float:
        """What growth goes by: calls explained, less a little for each one nobody wanted."""
        return self.explained - 0.05 * self.extra


def grow(
    corpus: Corpus,
    tool: str,
    *,
    batch: bool = False,
    bound: bool = False,
    parallel: bool = False,
    avoid: Container[str] = (),
) -> Iterator[MetaTool]:
    """Routines anchored at a tool, each one step longer than the last.

    Args:
        batch: the anchor is run once for each element of a list parameter; the anchor alone is the first routine.
        bound: only steps without parameters of their own, so that the rest can follow a call the model makes itself.
        parallel: calls issued together with the anchor may become steps too, for what flows from them.
        avoid: tools that must not become steps.
    """
    if tool in avoid or corpus.effects.get(tool) is Effect.DESTRUCTIVE:
        return
    occurrences = occurrences_of(corpus, tool, batch=batch, parallel=parallel)
    if len({each.run.task for each in occurrences}) < MIN_TASKS:
        return
    routine = _anchored(corpus, tool, occurrences, batch=batch)
    if batch:
        yield routine
    while len(routine.steps) < MAX_STEPS:
        growth = _best_growth(corpus, routine, occurrences, bound=bound, avoid=avoid)
        if growth is None:
            return
        steps, parameters = (*routine.steps, growth.step), (*routine.parameters, *growth.parameters)
        routine = replace(routine, steps=steps, parameters=parameters)
        for each in occurrences:
            advance_step(len(steps), growth.step, each)
        yield routine


def advance_step(number: int, step: Step, each: Occurrence) -> None:
    """Takes a step as done, with the parameters that the recorded agent would have given it."""
    explained = explained_by(step, each)
    if step.over is None and step.guard:
        args = next((args for args in explained.values()), None)
        found = fit_args(step, args, each.frame) if args is not None else None
        each.frame.parameters = {**each.frame.parameters, **(found or {})}
    advance(number, step, each, explained)


def _anchored(corpus: Corpus, tool: str, occurrences: Sequence[Occurrence], *, batch: bool) -> MetaTool:
    calls = [Example(each.run.task, each.frame, call.args) for each in occurrences for call in each.anchors]
    flow = collect_votes([replace(example, frame=_NOTHING) for example in calls])
    optional = tuple(name for name in flow.votes if not flow.always(name))
    effect = corpus.effects.get(tool, Effect.UNKNOWN)
    if batch:
        step, parameters = batch_step(
            Step(tool=tool, effect=effect, optional=optional), list(flow.votes), {}, ()
        )
    else:
        args: dict[str, Binding] = {name: Parameter(name=name) for name in flow.votes}
        step = Step(tool=tool, args=args, optional=optional, effect=effect)
        parameters = tuple(ParameterSpec(name=name, required=name not in optional) for name in args)
    return MetaTool(name=tool, description="", steps=(step,), parameters=parameters)


_NOTHING: Final = Frame()


def batch_step(
    base: Step, open_names: Sequence[str], bound: dict[str, Binding], taken: Sequence[str]
) -> tuple[Step, tuple[ParameterSpec, ...]]:
    """A step run once for each element of a list parameter that holds its open arguments."""
    single = len(open_names) == 1
    name = _free(_plural(open_names[0] if single else f"{base.tool.rsplit('.', 1)[-1]}_call"), taken)
    items: dict[str, Binding] = {each: Item(path="" if single else f"/{each}") for each in open_names}
    step = replace(base, args=dict(sorted({**bound, **items}.items())), over=Map(source=Parameter(name=name)))
    return step, (ParameterSpec(name=name, required=base.guard is not None or not taken),)


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


def _free(name: str, taken: Sequence[str]) -> str:
    candidates = (name, *(f"{name}_{number}" for number in range(2, len(taken) + 3)))
    return next(candidate for candidate in candidates if candidate not in taken)


def _best_growth(
    corpus: Corpus,
    routine: MetaTool,
    occurrences: Sequence[Occurrence],
    *,
    bound: bool,
    avoid: Container[str],
) -> Growth | None:
    growths = [
        growth
        for tool in follower_tools(occurrences, min_tasks=MIN_TASKS)
        for growth in _growths(corpus, tool, routine, occurrences, bound=bound)
        if tool not in avoid
        and not (bound and growth.parameters)
        and growth.tasks >= MIN_TASKS
        and growth.extra <= MAX_EXTRA * growth.explained
        and growth.score > 0
    ]
    return max(growths, key=_order, default=None)


def _order(growth: Growth) -> tuple[float, float, str, str]:
    return (growth.score, -growth.place, growth.step.tool, repr(growth.step))


def _growths(
    corpus: Corpus, tool: str, routine: MetaTool, occurrences: Sequence[Occurrence], *, bound: bool
) -> Iterator[Growth]:
    effect = corpus.effects.get(tool, Effect.UNKNOWN)
    after_write = not all(step.effect.is_read for step in routine.steps)
    if effect is Effect.DESTRUCTIVE or (after_write and effect.is_read):
        return
    counts = [sum(call.tool == tool for call in each.followers) for each in occurrences]
    examples = [
        Example(each.run.task, each.frame, call.args, 1 / count)
        for each, count in zip(occurrences, counts, strict=True)
        for call in each.followers
        if call.tool == tool
    ]
    flow = collect_votes(examples)
    taken = [spec.name for spec in routine.parameters]
    several = sum(counts) > 1.2 * sum(map(bool, counts))
    for step, parameters in _steps(Step(tool=tool, effect=effect), flow, taken, several=several):
        growth = _measure(step, parameters, occurrences)
        if bound or step.guard or growth.wanted >= USUALLY:
            yield growth
        elif growth.explained:
            yield _measure(*_on_request(step, parameters, taken), occurrences)


def _on_request(
    step: Step, parameters: tuple[ParameterSpec, ...], taken: Sequence[str]
) -> tuple[Step, tuple[ParameterSpec, ...]]:
    """The same step, run only if a flag asks for it: most callers do not want it."""
    name = _free(f"with_{step.tool.rsplit('.', 1)[-1]}", taken)
    guard = Guard(source=Parameter(name=name), test="equals", value=True)
    return replace(step, guard=guard), (
        *parameters,
        ParameterSpec(name=name, schema={"type": "boolean"}, required=False),
    )


def _steps(
    base: Step, flow: StepFlow, taken: Sequence[str], *, several: bool
) -> Iterator[tuple[Step, tuple[ParameterSpec, ...]]]:
    usual = [name for name in flow.votes if flow.usual(name)]
    agreement = CHOICE_AGREEMENT if base.effect.is_read else AGREEMENT
    constant = {name: flow.constant(name, agreement=AGREEMENT) for name in usual}
    fixed = {name: _better(flow.place(name, agreement=agreement), constant[name]) for name in usual}
    if base.effect.is_read:
        if usual and all(fixed.values()) and any(bound and bound.place for bound in fixed.values()):
            yield _with(base, fixed), ()
        for where in flow.lists()[:4]:
            inside = {
                name: _better(flow.element(name, of=where, agreement=CHOICE_AGREEMENT), constant[name])
                or fixed[name]
                for name in usual
            }
            if any(bound and bound.place and bound.place.is_list for bound in inside.values()):
                yield from _mapped(base, inside, where, taken)
    yield from _open_steps(base, flow, taken, several=several)


def _better(place: Bound | None, constant: Bound | None) -> Bound | None:
    """A place, unless always saying the same explains more: many outputs hold a common value by chance."""
    if place and constant:
        return constant if constant.share > place.share else place
    return place or constant


def _mapped(
    base: Step, bounds: dict[str, Bound | None], where: tuple[int, str], taken: Sequence[str]
) -> Iterator[tuple[Step, tuple[ParameterSpec, ...]]]:
    """A step for each element of a list; what the elements do not hold is one parameter for all of them."""
    names = {name: _free(name, taken) for name, bound in bounds.items() if bound is None}
    step = _with(base, bounds)
    opened: dict[str, Binding] = {name: Parameter(name=free) for name, free in names.items()}
    guard = Guard(source=next(iter(opened.values())), test="given") if opened else None
    args = dict(sorted({**step.args, **opened}.items()))
    over = Map(source=Output(step=where[0], path=where[1]))
    specs = tuple(ParameterSpec(name=free, required=False) for free in names.values())
    yield replace(step, args=args, over=over, guard=guard), specs


def _open_steps(
    base: Step, flow: StepFlow, taken: Sequence[str], *, several: bool
) -> Iterator[tuple[Step, tuple[ParameterSpec, ...]]]:
    """Steps with parameters: what flow explains well, or at all, stays bound; the rest is the model's to say."""
    strict, loose = (_flowing(flow, agreement) for agreement in (AGREEMENT, CHOICE_AGREEMENT))
    for bound in [strict] if strict.keys() == loose.keys() else [strict, loose]:
        yield from _opened(base, flow, taken, bound, several=several)


def _flowing(flow: StepFlow, agreement: float) -> dict[str, Bound]:
    found = {name: flow.place(name, agreement=agreement) for name in flow.votes if flow.always(name)}
    return {name: bound for name, bound in found.items() if bound}


def _opened(
    base: Step, flow: StepFlow, taken: Sequence[str], bound: dict[str, Bound], *, several: bool
) -> Iterator[tuple[Step, tuple[ParameterSpec, ...]]]:
    opened = [name for name in flow.votes if name not in bound]
    if not opened and base.effect.is_read:
        return
    optional = tuple(name for name in opened if not flow.always(name))
    fixed = {name: found.binding for name, found in bound.items()}
    evidence = {f"/{name}": found.evidence for name, found in bound.items()}
    base = replace(base, optional=optional, evidence=evidence)
    if not opened:  # nothing the caller says would tell that it wants the write
        yield _on_request(replace(base, args=dict(sorted(fixed.items()))), (), taken)
        return
    if several:
        step, parameters = batch_step(base, opened, fixed, [*taken, "_"])
        yield (
            replace(step, guard=Guard(source=Parameter(name=parameters[0].name), test="given")),
            (replace(parameters[0], required=False),),
        )
        return
    names = {name: _free(name, taken) for name in opened}
    args = dict(sorted({**fixed, **{name: Parameter(name=names[name]) for name in opened}}.items()))
    key = next((name for name in opened if name not in optional), opened[0])
    guard = Guard(source=Parameter(name=names[key]), test="given")
    yield (
        replace(base, args=args, guard=guard),
        tuple(ParameterSpec(name=names[n], required=False) for n in opened),
    )


def _with(base: Step, bounds: dict[str, Bound | None]) -> Step:
    args = {name: bound.binding for name, bound in bounds.items() if bound}
    evidence: dict[str, BindingEvidence] = {
        f"/{name}": bound.evidence for name, bound in bounds.items() if bound
    }
    return replace(base, args=args, evidence=evidence)


def _measure(step: Step, parameters: tuple[ParameterSpec, ...], occurrences: Sequence[Occurrence]) -> Growth:
    places: list[int] = []
    extra, made, tasks = 0, 0, []
    for each in occurrences:
        keys = explained_by(step, each)
        hits = [place for place, call in enumerate(each.followers) if call.key in keys]
        hit = len(hits)
        made += bool(keys)
        places += hits
        extra += len(keys) - hit if hit or not step.guard else 0
        tasks += [each.run.task] if hit else []
    explained = len(places)
    place = round(sum(places) / max(1, explained), 6)
    return Growth(step, explained, len(set(tasks)), extra, len(tasks) / max(1, made), place, parameters)


def explained_by(step: Step, each: Occurrence) -> dict[str, dict[str, JSONValue]]:
    """The calls a step would make in an occurrence, parameters given as the recorded agent would have."""
    sources = [step.over.source] if step.over else []
    if not any(
        isinstance(leaf, Parameter) for binding in [*sources, *step.args.values()] for leaf in leaves(binding)
    ):
        return predicted(step, each.frame)
    if step.over and not isinstance(step.over.source, Parameter):
        calls = (call for call in each.followers if call.tool == step.tool)
        found = solve_map(step, calls, each.frame, each.knows)
        return predicted(step, replace(each.frame, parameters=found)) if found is not None else {}
    fitting = [call for call in each.followers if call.tool == step.tool and _fits(step, call, each)]
    chosen = fitting if step.over else fitting[:1]
    return {call_key(call.tool, call.args): call.args for call in chosen}


def _fits(step: Step, call: Call, each: Occurrence) -> bool:
    if step.over:
        fixed = {name: b for name, b in step.args.items() if not uses_item(b)}
        opened = {name: value for name, value in call.args.items() if name not in fixed}
        kept = {name: value for name, value in call.args.items() if name in fixed}
        found = fit_args(replace(step, args=fixed), kept, each.frame)
        return (
            found is not None and opened.keys() <= step.args.keys() and all(map(each.knows, opened.values()))
        )
    found = fit_args(step, call.args, each.frame)
    return found is not None and all(map(each.knows, found.values()))
