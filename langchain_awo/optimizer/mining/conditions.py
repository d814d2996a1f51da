"""Decision points: is there a condition that explains where agents went on with a step, and where they did not?

Every place where the earlier steps ran is a case: what was known then, and whether the agent made the step. A condition is found
on some tasks and judged on others, fold by fold; it must hold where agents went on and fail where they did not.

before (cases)::

    {"/status": "delivered"} → refunded      31 of 31
    {"/status": "processing"} → not           0 of 12

after::

    /status == "delivered"
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Final, TypeAlias

from langchain_awo.model.ir.binding import Argument, Binding, Frame, Item, Output
from langchain_awo.model.ir.guard import holds, is_empty
from langchain_awo.model.ir.metatool import Condition, GuardEvidence
from langchain_awo.model.ir.pointer import MISSING, escape
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.dataflow.named_members import DATA_KEY
from langchain_awo.optimizer.dataflow.specific import looks_like_data
from langchain_awo.optimizer.mining.folds import FOLDS, deal_folds
from langchain_awo.optimizer.statistics import compute_lower_bound

MAX_FACTS: Final = 60
"""Places of one output that are looked at."""

MAX_VALUES: Final = 12
"""A place with more distinct values is compared by size, not by name."""

SEEN_EACH: Final = 3
"""A place whose values are seen less often than this on average holds data, not states."""

MIN_SIDE: Final = 3
"""Distinct tasks that must show each value a condition asks for, and the others together."""

MAX_DEPTH: Final = 4
PAIRED: Final = 8
"""The best single conditions, which are also tried together, two at a time."""

Facts: TypeAlias = Mapping[Binding, JSONValue]
"""What was known at a place, by where it stands."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A place where the earlier steps ran.

    Attributes:
        followed: whether the agent went on with the step there.
    """

    task: str
    facts: Facts
    followed: bool


@dataclass(frozen=True, slots=True)
class FoundConditions:
    """Conditions that together explain the cases, and how well they did on tasks they were not found on."""

    conditions: tuple[Condition, ...]
    evidence: GuardEvidence

    def precision(self, confidence: float) -> float:
        """Lower bound of the share of places with the conditions in which agents went on."""
        return compute_lower_bound(self.evidence.followed, self.evidence.held, confidence)

    def coverage(self, confidence: float) -> float:
        """Lower bound of the share of the other places in which agents did not."""
        evidence = self.evidence
        return compute_lower_bound(evidence.others - evidence.others_followed, evidence.others, confidence)


def explain(cases: Sequence[Case]) -> FoundConditions | None:
    """The conditions that best tell the followed cases from the others, or `None` if nothing does."""
    if len({case.followed for case in cases}) < 2 or len({case.task for case in cases}) < FOLDS:  # noqa: PLR2004
        return None
    conditions = _find_best(cases)
    if not conditions:
        return None
    folds = _assign_folds(cases)
    held = followed = others = others_followed = 0
    for fold in range(FOLDS):
        away = [case for case in cases if folds[case.task] != fold]
        learned = _find_best(away) if len({case.followed for case in away}) > 1 else ()
        for case in (case for case in cases if folds[case.task] == fold):
            if learned and _are_met(learned, case.facts):
                held, followed = held + 1, followed + case.followed
            else:
                others, others_followed = others + 1, others_followed + case.followed
    return FoundConditions(
        conditions,
        GuardEvidence(held=held, followed=followed, others=others, others_followed=others_followed),
    )


def collect_facts(frame: Frame, *, skip: Iterable[int] = ()) -> dict[Binding, JSONValue]:
    """The scalars, and the lists, that stand in outputs and arguments of the steps so far, lists by nothing but their size.

    Args:
        skip: numbers of steps whose output is a list of outputs.
    """
    left_out = set(skip)
    facts: dict[Binding, JSONValue] = {}
    for step, output in frame.outputs.items():
        if step not in left_out:
            facts |= {Output(step=step, path=path): value for path, value in _iterate_leaves(output)}
    for step, args in frame.arguments.items():
        facts |= {Argument(step=step, path=path): value for path, value in _iterate_leaves(args)}
    return facts


def collect_item_facts(item: JSONValue) -> dict[str, JSONValue]:
    """The scalars of one item of a list, by pointer."""
    return dict(_iterate_leaves(item))


def _iterate_leaves(document: JSONValue) -> Iterator[tuple[str, JSONValue]]:
    stack: list[tuple[str, JSONValue, int]] = [("", document, 0)]
    count = 0
    while stack and count < MAX_FACTS:
        path, value, depth = stack.pop()
        if isinstance(value, dict) and depth < MAX_DEPTH:
            stack.extend(
                (f"{path}/{escape(str(key))}", member, depth + 1)
                for key, member in reversed(value.items())
                if not DATA_KEY.search(str(key))  # that one day or one id is there is no state
            )
        else:
            count += 1
            yield path, value


def _assign_folds(cases: Iterable[Case]) -> dict[str, int]:
    """The fold of each task; those in which agents went on are of one kind, and the others of another."""
    going_on: dict[str, bool] = {}
    for case in cases:
        going_on[case.task] = going_on.get(case.task, False) or case.followed
    return deal_folds(going_on)


def _are_met(conditions: Iterable[Condition], facts: Facts) -> bool:
    return all(holds(condition, facts.get(condition.source, MISSING)) for condition in conditions)


def _find_best(cases: Sequence[Case]) -> tuple[Condition, ...]:
    """One condition, or two if they tell clearly more."""
    table = _Table(cases)
    singles = _select_strongest(
        [(condition, table.where(condition)) for condition in _generate_candidates(cases)], table
    )
    if not singles:
        return ()
    best, where = singles[0]
    pairs = [((one, second), a & b) for (one, a), (second, b) in combinations(singles, 2)]
    together, both = max(pairs, key=lambda pair: (table.score(pair[1]), repr(pair[0])), default=((), 0))
    if together and table.score(both) > table.score(where) + 0.02:  # a second condition must pay
        return together if table.score(both) > 0 else ()
    return (best,) if table.score(where) > 0 else ()


def _select_strongest(singles: Sequence[tuple[Condition, int]], table: _Table) -> list[tuple[Condition, int]]:
    """The conditions that tell most, with the cases in which each holds."""
    least = sorted((table.score(where) for _, where in singles), reverse=True)[:PAIRED]
    kept = [single for single in singles if table.score(single[1]) >= least[-1]]
    return sorted(kept, key=lambda single: (-table.score(single[1]), repr(single[0])))[:PAIRED]


class _Table:
    """The cases by place, so that each condition is tried once; sets of cases are the bits of a number."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self._seen: defaultdict[Binding, list[tuple[int, JSONValue]]] = defaultdict(list)
        self._followed = self._others = 0
        for number, case in enumerate(cases):
            for source, value in case.facts.items():
                self._seen[source].append((1 << number, value))
            if case.followed:
                self._followed |= 1 << number
            else:
                self._others |= 1 << number

    def where(self, condition: Condition) -> int:
        """The cases in which a condition holds."""
        holding = given = 0
        for bit, value in self._seen[condition.source]:
            given |= bit
            if holds(condition, value):
                holding |= bit
        missing = (self._followed | self._others) & ~given
        return holding | missing if missing and holds(condition, MISSING) else holding

    def score(self, where: int) -> float:
        """Youden's J: the share of followed cases that are in a set, less the share of others that are in it too."""
        kept, wrong = ((where & side).bit_count() for side in (self._followed, self._others))
        return kept / max(1, self._followed.bit_count()) - wrong / max(1, self._others.bit_count())


def _generate_candidates(cases: Sequence[Case]) -> Iterator[Condition]:
    values: defaultdict[Binding, list[tuple[JSONValue, bool]]] = defaultdict(list)
    for case in cases:
        for source, value in case.facts.items():
            values[source].append((value, case.followed))
    tasks = _group_tasks_by_value(cases)
    for source, pairs in values.items():
        if len(pairs) < len(cases):
            yield Condition(source=source, test="given")
        if any(is_empty(value) for value, _ in pairs) and not all(is_empty(value) for value, _ in pairs):
            yield Condition(source=source, test="nonempty")
            yield Condition(source=source, test="empty")
        yield from _test_values(source, pairs, tasks[source])
        yield from _test_thresholds(source, pairs)


def _group_tasks_by_value(cases: Sequence[Case]) -> defaultdict[Binding, dict[str, set[str]]]:
    """For each place, the tasks that showed each value."""
    tasks: defaultdict[Binding, dict[str, set[str]]] = defaultdict(dict)
    for case in cases:
        for source, value in case.facts.items():
            if not isinstance(value, dict | list):
                tasks[source].setdefault(dumps(value), set()).add(case.task)
    return tasks


def _test_values(
    source: Binding, pairs: Sequence[tuple[JSONValue, bool]], tasks: Mapping[str, set[str]]
) -> Iterator[Condition]:
    """The values with which agents mostly went on; each a word that several tasks showed, as those on the other side."""
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    samples: dict[str, JSONValue] = {}
    for value, followed in pairs:
        if isinstance(value, dict | list) or value is None:
            continue
        key = dumps(value)
        counts[key][followed] += 1
        samples[key] = value
    data = {key for key, value in samples.items() if looks_like_data(value)}
    # A state may be told in words beside others ("on its way"); the members of a list are not so few of a kind.
    tolerated = 0 if isinstance(source, Item) else len(counts) // 2
    if not 1 < len(counts) <= min(MAX_VALUES, len(pairs) // SEEN_EACH) or len(data) > tolerated:
        return
    chosen = [key for key in sorted(counts) if counts[key][True] > counts[key][False]]
    if data.intersection(chosen):
        return
    other_tasks = set[str]().union(*(tasks[key] for key in counts if key not in chosen))
    if len(other_tasks) < MIN_SIDE or any(len(tasks[key]) < MIN_SIDE for key in chosen):
        return
    if len(chosen) == 1:
        yield Condition(source=source, test="equals", value=samples[chosen[0]])
    elif chosen and len(chosen) < len(counts):
        yield Condition(source=source, test="one_of", value=[samples[key] for key in chosen])


def _test_thresholds(source: Binding, pairs: Sequence[tuple[JSONValue, bool]]) -> Iterator[Condition]:
    """The threshold of numbers or dates that tells most."""
    numbers = [(v, f) for v, f in pairs if isinstance(v, int | float) and not isinstance(v, bool)]
    dates = [(v, f) for v, f in pairs if isinstance(v, str) and v[:4].isdigit() and v[4:5] == "-"]
    for values in (numbers, dates):
        ordered = sorted({value for value, _ in values})
        if len(ordered) > 1 and len(values) == len(pairs):
            yield from _find_threshold(source, values, ordered)


def _find_threshold(
    source: Binding, values: Sequence[tuple[JSONValue, bool]], ordered: Sequence[JSONValue]
) -> Iterator[Condition]:
    total = [sum(followed is side for _, followed in values) or 1 for side in (True, False)]
    counts = {value: [0, 0] for value in ordered}
    for value, followed in values:
        counts[value][followed] += 1
    below, best = [0, 0], (0.0, ordered[0], ordered[0])
    for value, following in pairwise(ordered):
        below = [below[0] + counts[value][0], below[1] + counts[value][1]]
        tells = below[1] / total[0] - below[0] / total[1]
        if abs(tells) > abs(best[0]):
            best = (tells, value, following)
    if best[0] > 0:
        yield Condition(source=source, test="at_most", value=best[1])
    elif best[0] < 0:
        yield Condition(source=source, test="at_least", value=best[2])
