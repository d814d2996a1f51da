"""Joins: a read whose arguments come from two lookups, of which the routine makes only the first.

What a caller can ask for side by side is no routine. What takes something from each of two answers is one: an expert asks for both
names at once. So the second lookup becomes a step whose arguments are parameters, as long as a later step joins it to the rest.

before::

    find_zip(city="Rome")  find_zip(city="Bari")  get_distance(a="00118", b="70121")      (many times, in many tasks)

after::

    1  find_zip(city=$city)
    2  find_zip(city=$city_2)
    3  get_distance(a=#1, b=#2)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from langchain_awo.model.ir.binding import Binding, Constant, Parameter
from langchain_awo.model.ir.metatool import BindingEvidence, ParameterSpec, Step
from langchain_awo.model.ir.pointer import escape
from langchain_awo.model.text.encoding import same
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.dataflow.specific import looks_like_data
from langchain_awo.optimizer.dataflow.value_index import derive_value_key
from langchain_awo.optimizer.log.corpus import Call
from langchain_awo.optimizer.log.words_in_text import iterate_scalars
from langchain_awo.optimizer.mining.cross_validate import MIN_TASKS
from langchain_awo.optimizer.mining.forms import MAX_PARAMETERS, Form, find_free_name
from langchain_awo.optimizer.mining.knowledge import Knowledge

MAX_JOINS: Final = 2
"""Second lookups that are tried for one anchor, those of the most tasks first."""

SHORTEST: Final = 2
"""A shorter text stands in many outputs by chance."""


class Join(NamedTuple):
    """A second lookup as a step, and the tool that joins what it returns to the rest."""

    form: Form
    tool: str


def find_joins(known: Sequence[Knowledge], taken: Sequence[str], *, avoid: frozenset[str]) -> Iterator[Join]:
    """The lookups that would complete the arguments of a read that follows, those of the most tasks first.

    Args:
        known: the places where the routine could run.
        taken: names of its parameters.
        avoid: tools that must not become steps.
    """
    tasks: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    lookups: defaultdict[tuple[str, str], list[Call]] = defaultdict(list)
    for knowledge in known:
        for lookup, joining in _find_pairs(knowledge):
            pair = (lookup.tool, joining.tool)
            if avoid.isdisjoint(pair):
                tasks[pair].add(knowledge.occurrence.task)
                lookups[pair].append(lookup)
    ranked = sorted(tasks, key=lambda pair: (-len(tasks[pair]), pair))
    for pair in [pair for pair in ranked if len(tasks[pair]) >= MIN_TASKS][:MAX_JOINS]:
        if form := _build_lookup(pair[0], lookups[pair], taken):
            yield Join(form, pair[1])


def _find_pairs(knowledge: Knowledge) -> Iterator[tuple[Call, Call]]:
    """Lookups that a caller can ask for, each with a later read that takes one value from it and another from a step."""
    occurrence = knowledge.occurrence
    sources: dict[str, Call] = {}
    waiting: list[Call] = [call for call in occurrence.beside if _is_sayable(call, knowledge)]
    for call in occurrence.followers:
        if not call.effect.is_read:
            return
        wanted = [value for value in call.args.values() if _is_telling(value)]
        bound = [bool(knowledge.places(derive_value_key(value))) for value in wanted]
        if any(bound) and not all(bound):
            for lookup in waiting:
                sources |= dict.fromkeys(_list_value_keys(lookup), lookup)
            waiting = []
            opened = (value for value, found in zip(wanted, bound, strict=True) if not found)
            found = [sources.get(derive_value_key(value)) for value in opened if not occurrence.knows(value)]
            yield from ((lookup, call) for lookup in found if lookup is not None and lookup is not call)
        if _is_sayable(call, knowledge):
            waiting.append(call)


def _is_sayable(call: Call, knowledge: Knowledge) -> bool:
    return call.effect is Effect.READ and all(map(knowledge.occurrence.knows, call.args.values()))


def _is_telling(value: JSONValue) -> bool:
    return not isinstance(value, bool | dict | list) and len(str(value)) > SHORTEST


def _list_value_keys(call: Call) -> Iterator[str]:
    return (derive_value_key(leaf) for leaf in iterate_scalars(call.output) if _is_telling(leaf))


def _build_lookup(tool: str, calls: Sequence[Call], taken: Sequence[str]) -> Form | None:
    """The lookup with a parameter for each argument that is not always the same; `None` if that is too much to ask."""
    shapes = Counter(tuple(sorted(call.args)) for call in calls)
    names = max(shapes, key=lambda shape: (shapes[shape], shape))
    alike = [call.args for call in calls if tuple(sorted(call.args)) == names]
    args: dict[str, Binding] = {}
    parameters: list[ParameterSpec] = []
    for name in names:
        if (fixed := _find_constant(name, alike)) is not None:
            args[name] = fixed
        else:
            free = find_free_name(name, [*taken, *(spec.name for spec in parameters)])
            args[name] = Parameter(name=free)
            parameters.append(ParameterSpec(name=free))
    if len(taken) + len(parameters) > MAX_PARAMETERS:
        return None
    evidence = {
        f"/{escape(name)}": BindingEvidence(agree=len(alike))
        for name, binding in args.items()
        if isinstance(binding, Constant)
    }
    return Form(Step(tool=tool, effect=Effect.READ, args=args, evidence=evidence), tuple(parameters))


def _find_constant(name: str, calls: Sequence[Mapping[str, JSONValue]]) -> Constant | None:
    first = calls[0][name]
    fixed = not looks_like_data(first) and all(same(first, args[name]) for args in calls)
    return Constant(value=first) if fixed else None
