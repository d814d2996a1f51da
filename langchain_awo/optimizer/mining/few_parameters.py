"""Leaves out what agents rarely gave, where a caller would have to give more than a caller is asked for.

A search with seven filters has them in every recorded call, five of them at the value that filters nothing. An expert's tool would not have
them; whoever needs one calls the search itself.

before::

    get_product_variants(category, in_stock_only, max_price, min_price, min_rating, query, sort_by)
      1  search_products(category=$category, ..., min_price=$min_price, min_rating=$min_rating, ...)

after::

    get_product_variants(category, in_stock_only, max_price, query, sort_by)
      1  search_products(category=$category, ..., min_price=0, min_rating=0, ...)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from langchain_awo.model.ir.binding import Argument, Binding, Constant, Parameter, list_leaves
from langchain_awo.model.ir.metatool import MetaTool, Refused
from langchain_awo.model.ir.pointer import split, unescape
from langchain_awo.model.text.encoding import dumps, loads
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.dataflow.specific import looks_like_data
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.mining.forms import MAX_PARAMETERS
from langchain_awo.optimizer.mining.occurrences import collect_occurrences
from langchain_awo.optimizer.mining.verify import build_refusal

RARELY: Final = 0.2
"""Agents rarely gave an argument if at most this share of their calls has it, or has it with another value than the usual one."""


@dataclass(frozen=True, slots=True)
class _Spare:
    """A parameter of the first step that could be left out.

    Attributes:
        given: the share of the calls that would be lost.
        usual: what the others passed; `None` if they left it out.
    """

    name: str
    given: float
    usual: Constant | None


def keep_few_parameters(candidate: MetaTool, corpus: Corpus) -> MetaTool | Refused:
    """The candidate with at most `MAX_PARAMETERS` parameters, or why it cannot do with so few."""
    excess = len(candidate.parameters) - MAX_PARAMETERS
    if excess <= 0:
        return candidate
    occurrences = collect_occurrences(corpus, candidate.steps[0].tool)
    calls = [occurrence.anchor.args for occurrence in occurrences]
    spare = sorted(_list_spare(candidate, calls), key=lambda each: (each.given, each.name))[:excess]
    if len(spare) < excess:
        names = ", ".join(spec.name for spec in candidate.parameters)
        reason = (
            f"a caller would have to give {len(candidate.parameters)} arguments ({names}); at most {MAX_PARAMETERS} are asked for, "
            "and agents use too many of these to leave the others out"
        )
        return build_refusal(candidate, "parameters", reason, len(calls))
    return _leave_out(candidate, spare)


def _list_spare(candidate: MetaTool, calls: Sequence[dict[str, JSONValue]]) -> Iterator[_Spare]:
    """The parameters that only one argument of the first step takes, and agents rarely gave."""
    first, *later = candidate.steps
    needed = {
        _describe_need(leaf) for step in later for binding in step.bindings for leaf in list_leaves(binding)
    }
    for name, binding in first.args.items():
        if isinstance(binding, Parameter) and needed.isdisjoint({f"${binding.name}", name}):
            spare = _measure(binding.name, [dumps(args[name]) for args in calls if name in args], len(calls))
            if spare and (spare.usual or name in first.optional):
                yield spare


def _describe_need(leaf: Binding) -> str:
    """The parameter, or the argument of the first step, that a later step takes something from."""
    if isinstance(leaf, Parameter):
        return f"${leaf.name}"
    return (
        unescape(split(leaf.path)[0]) if isinstance(leaf, Argument) and leaf.step == 1 and leaf.path else ""
    )


def _measure(parameter: str, given: Sequence[str], calls: int) -> _Spare | None:
    """What would be lost without a parameter; `None` if that is too much.

    Args:
        given: the values of an argument as JSON, of the calls that have it.
    """
    if len(given) <= RARELY * calls:
        return _Spare(parameter, len(given) / calls, None)
    text, count = Counter(given).most_common(1)[0]
    usual = loads(text)
    lost = 1 - count / calls
    return None if lost > RARELY or looks_like_data(usual) else _Spare(parameter, lost, Constant(value=usual))


def _leave_out(candidate: MetaTool, spare: Sequence[_Spare]) -> MetaTool:
    usual = {each.name: each.usual for each in spare}
    first, *later = candidate.steps
    args: dict[str, Binding] = {}
    for name, binding in first.args.items():
        parameter = binding.name if isinstance(binding, Parameter) else ""
        if (bound := usual.get(parameter, binding)) is not None:
            args[name] = bound
    opened = tuple(name for name in first.optional if isinstance(args.get(name), Parameter))
    kept = tuple(spec for spec in candidate.parameters if spec.name not in usual)
    return replace(candidate, steps=(replace(first, args=args, optional=opened), *later), parameters=kept)
