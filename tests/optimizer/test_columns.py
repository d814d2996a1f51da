"""Counting on columns gives what counting call by call gives."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from langchain_awo.model.graph import ROOT
from langchain_awo.model.ir.canonical import CanonicalCall
from langchain_awo.optimizer.baseline.merge import count_decisions, states
from langchain_awo.optimizer.counting.columns import as_columns, count_prefixes
from langchain_awo.optimizer.log.corpus import Segment
from langchain_awo.optimizer.rules.path import Path, PathCall

SEQUENCES = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=9), max_size=60)


@given(SEQUENCES)
def test_every_prefix_is_counted_by_the_sequences_that_begin_with_it(sequences):
    """Parents stand before children, and no prefix twice."""
    columns = as_columns(sequences)
    found = count_prefixes(columns)
    prefixes = []
    for parent, code in zip(found.parents, found.codes, strict=True):
        prefixes.append((prefixes[parent] if parent >= 0 else "") + columns.symbols[code])
    expected = Counter("".join(each[:end]) for each in sequences for end in range(1, len(each) + 1))
    assert dict(zip(prefixes, found.counts.tolist(), strict=True)) == expected


@st.composite
def paths(draw):
    """Paths in which some calls keep their place, and reads of one stretch change theirs unless one uses another."""
    calls, stretch = [], 0
    for index in range(draw(st.integers(1, 7))):
        stretch += draw(st.integers(0, 1))
        canonical = CanonicalCall(draw(st.sampled_from("abc")))
        is_read = draw(st.booleans())
        uses = draw(st.sets(st.integers(0, index - 1), max_size=2)) if index and is_read else ()
        call = PathCall(canonical, None, index, 0)
        calls.append(replace(call, stretch=stretch if is_read else None, uses=tuple(sorted(uses))))
    return Path(None, Segment(()), tuple(calls))


@given(st.lists(paths(), max_size=12))
def test_decisions_are_those_of_each_path_by_itself(found):
    """The same states, the same calls, the same weights."""
    expected = Counter()
    for path in found:
        source = ROOT
        for call, target in zip(path.calls, states(path.calls), strict=True):
            expected[source, target, call.canonical] += 1
            source = target
    assert count_decisions(found).weights == expected
