"""The simple view: sequences of canonical calls that the traces repeat, wherever they stand.

before (`min_freq=2`)::

    a b c        a b c d        x b c

after, closed (`a b` and `c d` are left out: `a b c` is as frequent as the one, and the other occurs once)::

    a b c  2        b c  3
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from langchain_awo.errors import CompileError
from langchain_awo.model.ir.canonical import CanonicalCall, CanonicalRoutine
from langchain_awo.model.rules import RuleSet
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.rules.check import check_rules
from langchain_awo.optimizer.rules.prepare import build_paths

MAX_LENGTH: Final = 12
"""Longer sequences are not counted."""


def find_ngrams(
    corpus: Corpus, *, rules: RuleSet | None = None, min_length: int = 2, min_freq: int = 2
) -> list[CanonicalRoutine]:
    """Closed n-grams: those that no longer one contains just as often.

    Args:
        corpus: the runs to look at.
        rules: merging rules, the safe defaults if not given.
        min_length: in calls.
        min_freq: how often a sequence must occur, repeats inside one run included.

    Returns:
        Frequent ones first, then longer ones, then by their calls.

    Raises:
        CompileError: a minimum is below 1.
    """
    if min_length < 1 or min_freq < 1:
        raise CompileError(f"min_length and min_freq are at least 1, not {min_length} and {min_freq}")
    counts: Counter[tuple[CanonicalCall, ...]] = Counter()
    tasks: defaultdict[tuple[CanonicalCall, ...], set[str]] = defaultdict(set)
    for path in build_paths(corpus, check_rules(rules, corpus)):
        for ngram in _generate_ngrams(path.canonical, min_length):
            counts[ngram] += 1
            tasks[ngram].add(path.run.task)
    frequent = {ngram: count for ngram, count in counts.items() if count >= min_freq}
    found = [
        CanonicalRoutine(calls=ngram, support=count, tasks=len(tasks[ngram]))
        for ngram, count in _select_closed(frequent)
    ]
    return sorted(found, key=lambda each: (-each.support, -len(each.calls), each.calls))


def _generate_ngrams(
    calls: tuple[CanonicalCall, ...], min_length: int
) -> Iterator[tuple[CanonicalCall, ...]]:
    for length in range(min_length, min(len(calls), max(min_length, MAX_LENGTH)) + 1):
        for start in range(len(calls) - length + 1):
            yield calls[start : start + length]


def _select_closed(
    frequent: Mapping[tuple[CanonicalCall, ...], int],
) -> Iterator[tuple[tuple[CanonicalCall, ...], int]]:
    within = Counter[tuple[CanonicalCall, ...]]()
    for ngram, count in frequent.items():
        for part in (ngram[1:], ngram[:-1]):
            within[part] = max(within[part], count)
    return ((ngram, count) for ngram, count in frequent.items() if within[ngram] < count)
