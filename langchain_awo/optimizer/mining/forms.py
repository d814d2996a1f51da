"""The forms a step could take: what flows to it is bound, and what nothing explains is the caller's to say.

A follower whose arguments all flow from what came before needs no word from the caller. One of which only some do gets
parameters for the others, and is run only if they are given. The same call made several times becomes a map, over a list
in an earlier output or over a list parameter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from langchain_awo.model.binding import Binding, Item, Output, Parameter
from langchain_awo.model.metatool import BindingEvidence, Guard, Map, ParameterSpec, Step
from langchain_awo.optimizer.dataflow.consensus import Bound, StepFlow

Form: TypeAlias = tuple[Step, tuple[ParameterSpec, ...]]
"""A step and the parameters it adds."""

AGREEMENT: Final = 0.85
"""Share of the recorded calls that must agree on a constant or on a place that is used without a model's choice."""

CHOICE_AGREEMENT: Final = 0.4
"""Share that is enough for a read whose alternative is that the model makes the call itself."""

MAX_LISTS: Final = 4
"""Lists that are tried as the source of a map, the ones that explain most first."""


def forms_of(base: Step, flow: StepFlow, taken: Sequence[str], *, several: bool) -> Iterator[Form]:
    """The forms of a step, given what is known of its arguments.

    Args:
        base: tool and effect.
        flow: what the recorded calls of the tool say.
        taken: names of parameters that are in use.
        several: whether it is usual to make several such calls.
    """
    usual = [name for name in flow.votes if flow.usual(name)]
    agreement = CHOICE_AGREEMENT if base.effect.is_read else AGREEMENT
    constant = {name: flow.constant(name, agreement=AGREEMENT) for name in usual}
    fixed = {name: _better(flow.place(name, agreement=agreement), constant[name]) for name in usual}
    if base.effect.is_read:
        if usual and all(fixed.values()) and any(bound and bound.place for bound in fixed.values()):
            yield _with(base, fixed), ()
        for where in flow.lists()[:MAX_LISTS]:
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
) -> Iterator[Form]:
    """A step for each element of a list; what the elements do not hold is one parameter for all of them."""
    names = {name: _free(name, taken) for name, bound in bounds.items() if bound is None}
    step = _with(base, bounds)
    opened: dict[str, Binding] = {name: Parameter(name=free) for name, free in names.items()}
    guard = Guard(source=next(iter(opened.values())), test="given") if opened else None
    args = dict(sorted({**step.args, **opened}.items()))
    over = Map(source=Output(step=where[0], path=where[1]))
    specs = tuple(ParameterSpec(name=free, required=False) for free in names.values())
    yield replace(step, args=args, over=over, guard=guard), specs


def _open_steps(base: Step, flow: StepFlow, taken: Sequence[str], *, several: bool) -> Iterator[Form]:
    """Steps with parameters: what flow explains well, or at all, or nothing, stays bound; the caller says the rest."""
    tried: list[set[str]] = []
    for bound in (_flowing(flow, AGREEMENT), _flowing(flow, CHOICE_AGREEMENT), {}):
        if bound.keys() not in tried:
            tried.append(set(bound))
            yield from _opened(base, flow, taken, bound, several=several)


def _flowing(flow: StepFlow, agreement: float) -> dict[str, Bound]:
    found = {name: flow.place(name, agreement=agreement) for name in flow.votes if flow.always(name)}
    return {name: bound for name, bound in found.items() if bound}


def _opened(
    base: Step, flow: StepFlow, taken: Sequence[str], bound: dict[str, Bound], *, several: bool
) -> Iterator[Form]:
    opened = [name for name in flow.votes if name not in bound]
    if not opened and base.effect.is_read:
        return
    optional = tuple(name for name in opened if not flow.always(name))
    fixed = {name: found.binding for name, found in bound.items()}
    evidence = {f"/{name}": found.evidence for name, found in bound.items()}
    base = replace(base, optional=optional, evidence=evidence)
    if not opened:  # nothing the caller says would tell that it wants the write
        yield on_request(replace(base, args=dict(sorted(fixed.items()))), (), taken)
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


def on_request(step: Step, parameters: tuple[ParameterSpec, ...], taken: Sequence[str]) -> Form:
    """The same step, run only if a flag asks for it: most callers do not want it."""
    name = _free(f"with_{step.tool.rsplit('.', 1)[-1]}", taken)
    guard = Guard(source=Parameter(name=name), test="equals", value=True)
    return replace(step, guard=guard), (
        *parameters,
        ParameterSpec(name=name, schema={"type": "boolean"}, required=False),
    )


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
