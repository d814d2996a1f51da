"""Counting on columns gives what counting call by call gives."""

from collections import Counter
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from langchain_awo.model.graph import ROOT
from langchain_awo.model.ir.canonical import CanonicalCall
from langchain_awo.optimizer.baseline.merge import count_decisions, walk_states
from langchain_awo.optimizer.counting.columns import Columns, as_columns
from langchain_awo.optimizer.counting.prefixes import count_prefixes, merge_prefixes
from langchain_awo.optimizer.log.corpus import Segment
from langchain_awo.optimizer.rules.path import Path, PathCall

SEQUENCES = st.lists(st.text("abcdefg", max_size=9), max_size=60)
REPEATING = st.lists(st.sampled_from(["abcabcabc", "abcabcabd", "abc", "", "xyz" * 30, "xyz" * 30 + "a"]))
WIDE = st.lists(st.text([chr(number) for number in range(300, 900)], max_size=5))


def spelled(found):
    """The counts of a tree by prefix; parents stand before children."""
    prefixes = []
    for parent, depth, code in zip(found.parents, found.depths, found.codes, strict=True):
        prefixes.append((prefixes[parent] if parent >= 0 else "") + found.symbols[code])
        assert len(prefixes[-1]) == depth + 1
    return dict(zip(prefixes, found.counts.tolist(), strict=True))


def prefixes_of(sequences):
    """The same, prefix by prefix."""
    return Counter(each[:end] for each in sequences for end in range(1, len(each) + 1))


@given(SEQUENCES | REPEATING | WIDE)
def test_every_prefix_is_counted_by_the_sequences_that_begin_with_it(sequences):
    """No prefix twice, however few symbols there are, or many, or sequences that repeat."""
    assert spelled(count_prefixes(as_columns(sequences))) == prefixes_of(sequences)


@given(SEQUENCES | REPEATING | WIDE)
def test_sequences_that_were_not_joined_count_the_same(sequences):
    """As columns come from elsewhere, with equal sequences each by itself."""
    columns = Columns(sorted(set("".join(sequences))), *unjoined(sequences))
    assert spelled(count_prefixes(columns)) == prefixes_of(sequences)


def unjoined(sequences):
    """Codes and lengths."""
    symbols = sorted(set("".join(sequences)))
    codes = np.array([symbols.index(each) for each in "".join(sequences)], np.int32)
    return codes, np.array([len(each) for each in sequences], np.int64)


@given(st.lists(SEQUENCES | REPEATING, max_size=4))
def test_partitions_that_were_counted_apart_add_up(parts):
    """Whatever symbols each has numbered first."""
    merged = merge_prefixes([count_prefixes(as_columns(part)) for part in parts])
    assert spelled(merged) == prefixes_of(each for part in parts for each in part)


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
        for call, target in zip(path.calls, walk_states(path.calls), strict=True):
            expected[source, target, call.canonical] += 1
            source = target
    assert count_decisions(found).weights == expected
