"""Which calls may change places, and which earlier calls each one needs.

Reads commute inside a stretch with no other call in it. Where a read uses the output of an earlier one of its stretch,
their order is part of the history. A value whose origin nobody can see may have been made of any earlier output, so
such a call needs all of them: that merges less, and never wrongly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from langchain_awo.model.rules import Commute, RuleSet
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.dataflow.specific import is_common
from langchain_awo.optimizer.log.corpus import Run
from langchain_awo.optimizer.log.words_in_text import as_word, iterate_scalars
from langchain_awo.optimizer.rules.path import PathCall

_ALONE: Final[frozenset[int]] = frozenset()


def place(run: Run, calls: Sequence[PathCall], rules: RuleSet) -> Iterator[PathCall]:
    """The calls of a segment, each with its stretch and what it uses."""
    commuting = [rule for rule in rules.active if isinstance(rule, Commute)]
    stretch, shared = 0, _ALONE
    placed: list[PathCall] = []
    for index, each in enumerate(calls):
        groups = _find_groups(each, commuting)
        if shared & groups:
            shared &= groups
        else:
            stretch, shared = index, groups
        if groups:
            uses = tuple(sorted(find_uses(run, each, placed, stretch)))
            placed.append(replace(each, stretch=stretch, uses=uses))
        else:
            placed.append(each)
        yield placed[-1]


def _find_groups(each: PathCall, commuting: Sequence[Commute]) -> frozenset[int]:
    """Numbers of the rules by which a call commutes; calls of one stretch share one."""
    if not each.call.effect.is_read:
        return _ALONE
    tool = each.canonical.tool
    return frozenset(number for number, rule in enumerate(commuting) if not rule.tools or tool in rule.tools)


def find_uses(run: Run, each: PathCall, earlier: Sequence[PathCall], since: int) -> set[int]:
    """Positions of the earlier calls of a stretch whose output a call uses or may use."""
    before = [index for index in range(since, len(earlier)) if earlier[index].position < each.position]
    if not before:
        return set()
    begin = earlier[since].start
    uses: set[int] = set()
    for leaf in iterate_scalars(each.call.args):
        if not is_common(leaf) and (first := run.first_occurrence(leaf)) > begin:
            uses |= _find_origins(leaf, first, before, earlier)
    return uses


def _find_origins(
    leaf: JSONValue, first: int, before: Sequence[int], earlier: Sequence[PathCall]
) -> set[int]:
    for index in before:
        source = earlier[index]
        if source.start < first <= source.call.end:
            # a value the model put into that call itself did not come from its output
            return set(source.uses) if _says(source, leaf) else {index}
    return set(before)


def _says(source: PathCall, leaf: JSONValue) -> bool:
    word = as_word(leaf)
    return any(as_word(said) == word for said in iterate_scalars(source.call.args))


def read_stretches(calls: Sequence[PathCall]) -> Iterator[list[PathCall]]:
    """The reads of a path, cut where something may have been written."""
    stretch: list[PathCall] = []
    for each in calls:
        if each.call.effect.is_read:
            stretch.append(each)
        else:
            yield stretch
            stretch = []
    yield stretch


def shows_flow(run: Run, source: PathCall, target: PathCall) -> bool:
    """Whether a call uses a value that first appeared in an earlier call's output."""
    if source.position >= target.position:
        return False
    return any(
        source.start < run.first_occurrence(leaf) <= source.call.end and not _says(source, leaf)
        for leaf in iterate_scalars(target.call.args)
        if not is_common(leaf)
    )
