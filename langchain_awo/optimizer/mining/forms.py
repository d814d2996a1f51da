"""The forms a step could take: what flows to it is bound, and what nothing explains is the caller's to say.

A form is one call or one call for each item of a list. Its arguments come from earlier steps, or are always the same; what is
left becomes parameters of the meta-tool: required, so that a caller who has no such value does not call it, or optional where
agents sometimes left the argument out. There are no flags: a parameter never switches a step on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from langchain_awo.model.ir.binding import Argument, Binding, Constant, Item, Output, Parameter, list_leaves
from langchain_awo.model.ir.metatool import BindingEvidence, Map, MetaTool, ParameterSpec, Step
from langchain_awo.model.ir.pointer import ENTRIES, escape
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.dataflow.consensus import Bound, StepFlow
from langchain_awo.optimizer.dataflow.places import list_positions
from langchain_awo.optimizer.dataflow.specific import looks_like_data

AGREEMENT: Final = 0.85
"""Share of the recorded calls that must agree on a constant, and on any argument of a write."""

READ_AGREEMENT: Final = 0.4
"""Share that is enough for the place of a read's argument: the alternative is that the model makes the call itself."""

MAX_LISTS: Final = 3
"""Lists that are tried as the source of a map, those that explain most first."""

FIRST_ITEMS: Final = (1, 2, 5)
"""Shorter lists that are tried beside the whole one."""

MAX_PARAMETERS: Final = 5
"""A meta-tool with more is hard to call."""


IsRule: TypeAlias = Callable[[str, JSONValue], bool]
"""Whether an argument always has a value, by its name."""


@dataclass(frozen=True, slots=True)
class Form:
    """A step and the parameters it adds to the meta-tool, optional only where agents left the argument out."""

    step: Step
    parameters: tuple[ParameterSpec, ...] = ()


def read_forms(
    base: Step, flow: StepFlow, taken: Sequence[str] = (), *, is_rule: IsRule = lambda _name, _value: True
) -> Iterator[Form]:
    """The forms of a read that take at least one argument from an earlier step, or have none, those without parameters first.

    Args:
        base: tool and effect.
        flow: what the recorded calls of the tool say.
        taken: names of parameters that are in use.
        is_rule: whether all that is always the same is a rule and no coincidence; asked of values that look like data.
    """
    if flow.total and not flow.votes:
        yield Form(base)
        return
    usual = [name for name in flow.votes if flow.usual(name)]
    constant = {name: _bind_constant(name, flow, is_rule) for name in usual}
    single = {
        name: _choose_better(
            flow.place(name, agreement=READ_AGREEMENT, specific=True, partly=True), constant[name]
        )
        for name in usual
    }
    forms = [
        form
        for form in [_build_form(base, flow, single, taken), _build_optional_form(base, flow, single, taken)]
        if form
    ]
    for where in flow.lists()[:MAX_LISTS]:
        inside = {
            name: _choose_better(flow.element(name, of=where, agreement=READ_AGREEMENT), constant[name])
            or single[name]
            for name in usual
        }
        over = Map(source=Output(step=where[0], path=where[1]))
        items = {name for name, bound in inside.items() if bound and bound.place and bound.place.is_list}
        if where[1].endswith(f"/{ENTRIES}") and all(_explains_as_much(single[n], inside[n]) for n in items):
            continue  # keys that are always the same are fields
        if items:
            form = _build_form(replace(base, over=over), flow, inside, taken)
            forms += [form] if form else []
    yield from sorted(forms, key=lambda form: len(form.parameters))


def _has_flow(bound: Bound) -> bool:
    """Whether something comes from an output, and not from what the caller said."""
    return any(isinstance(leaf, Output | Item) for leaf in list_leaves(bound.binding))


def _bind_constant(name: str, flow: StepFlow, is_rule: IsRule) -> Bound | None:
    """What an argument always is, unless that is what a few tasks were about."""
    bound = flow.constant(name, agreement=AGREEMENT)
    if bound is None or not isinstance(bound.binding, Constant):
        return bound
    value = bound.binding.value
    return bound if not looks_like_data(value) or is_rule(name, value) else None


def write_form(
    base: Step, flow: StepFlow, taken: Sequence[str] = (), *, steps: Sequence[Step] = ()
) -> Form | None:
    """The form of a write whose every argument is known: from a place that is no position in a list, or a parameter.

    Args:
        base: tool and effect.
        flow: what the recorded calls of the tool say.
        taken: names of parameters that are in use.
        steps: the earlier ones; what one of them looked up by its position in a list is no target either.

    `None` if some calls lack an argument that others have: an argument of a write is never left to chance.
    """
    if not all(flow.always(name) for name in flow.votes):
        return None
    bounds = {name: flow.place(name, agreement=AGREEMENT) for name in flow.votes}
    sound = {
        name: bound if bound and not is_positional(bound.binding, steps) else None
        for name, bound in bounds.items()
    }
    return _build_form(base, flow, sound, taken)


def is_positional(binding: Binding, steps: Sequence[Step] = ()) -> bool:
    """Whether a binding takes what happens to stand at one position of a list, itself or by way of an earlier step."""
    leaves = list(list_leaves(binding))
    if any(any(list_positions(_path_of(leaf))) for leaf in leaves):
        return True
    earlier = {leaf.step for leaf in leaves if isinstance(leaf, Output | Argument)}
    return any(
        is_positional(argument, steps)
        for number in earlier
        if number <= len(steps)
        for argument in steps[number - 1].args.values()
    )


def _path_of(leaf: Binding) -> str:
    """Where a binding reads, empty where it reads nothing; inside an item, as what stands in each of its list."""
    path = getattr(leaf, "path", "")
    return f"/*{path}" if isinstance(leaf, Item) else path


def _build_form(
    base: Step, flow: StepFlow, bounds: Mapping[str, Bound | None], taken: Sequence[str]
) -> Form | None:
    """The step with what is bound; `None` if nothing flows to it, or if what is left cannot be required."""
    bound = {name: argument for name, argument in bounds.items() if argument}
    if not any(argument.place for argument in bound.values()):
        return None
    opened = [name for name, argument in bounds.items() if argument is None]
    if base.effect.is_read and opened and not any(_has_flow(argument) for argument in bound.values()):
        return None  # the caller knows all of it: two lookups that a model may ask for side by side
    if not all(flow.always(name) for name in opened):
        return None
    names = {name: find_free_name(name, taken) for name in opened}
    args: dict[str, Binding] = {name: argument.binding for name, argument in bound.items()}
    args |= {name: Parameter(name=free) for name, free in names.items()}
    evidence: dict[str, BindingEvidence] = {
        f"/{escape(name)}": argument.evidence for name, argument in bound.items()
    }
    step = replace(base, args=dict(sorted(args.items())), evidence=evidence)
    return Form(step, tuple(ParameterSpec(name=free) for free in names.values()))


def _build_optional_form(
    base: Step, flow: StepFlow, bounds: Mapping[str, Bound | None], taken: Sequence[str]
) -> Form | None:
    """The step with what some calls leave out as optional parameters, as its tool has them; `None` if no call leaves any out."""
    left_out = [name for name in flow.votes if flow.sometimes(name)]
    always = {name: bound for name, bound in bounds.items() if flow.always(name)}
    form = _build_form(base, flow, always, taken) if left_out else None
    if form is None or len(form.parameters) + len(left_out) > MAX_PARAMETERS:
        return None
    if not any(_has_flow(bound) for bound in always.values() if bound):
        return None
    names = {
        name: find_free_name(name, [*taken, *(spec.name for spec in form.parameters)]) for name in left_out
    }
    args = {**form.step.args, **{name: Parameter(name=free) for name, free in names.items()}}
    step = replace(form.step, args=dict(sorted(args.items())), optional=tuple(sorted(names)))
    optional = (ParameterSpec(name=free, required=False) for free in names.values())
    return Form(step, (*form.parameters, *optional))


def _explains_as_much(one: Bound | None, other: Bound | None) -> bool:
    return one is not None and other is not None and one.share >= other.share


def _choose_better(place: Bound | None, constant: Bound | None) -> Bound | None:
    """A place, unless always saying the same explains more: many outputs hold a common value by chance."""
    if place and constant:
        return constant if constant.share > place.share else place
    return place or constant


def find_free_name(name: str, taken: Sequence[str]) -> str:
    """The name, or the first numbered one that is not in use."""
    candidates = (name, *(f"{name}_{number}" for number in range(2, len(taken) + 3)))
    return next(candidate for candidate in candidates if candidate not in taken)


def with_shorter_lists(routine: MetaTool) -> Iterator[MetaTool]:
    """The routine with its lists cut to their first items, where agents often look no further."""
    if any(step.over for step in routine.steps):
        for limit in FIRST_ITEMS:
            cut = (
                replace(step, over=replace(step.over, limit=limit)) if step.over else step
                for step in routine.steps
            )
            yield replace(routine, steps=tuple(cut))
