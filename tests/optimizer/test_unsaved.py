"""Where continue mode saves nothing of what its ceiling counts, the evaluation says what became of it."""

from __future__ import annotations

import pytest

from langchain_awo.optimizer.replay.ceiling import continued_rounds, measure_ceiling
from langchain_awo.optimizer.replay.evaluate import evaluate
from langchain_awo.optimizer.replay.unsaved import why_unsaved
from tests.optimizer.notation import corpus_of, traces_of

AGAIN = '"shelf s{n}x" list_shelf(s{n}x) -> {"of": "s{n}x"} | list_shelf(s{n}x) -> {"of": "s{n}x"}'
FLOWS = '"item i{n}x" get_item(i{n}x) -> {"maker": "m{n}x"} | get_maker(m{n}x)'
STRAYS = (
    '"item i{n}x" get_item(i{n}x) -> {"a": "a{n}x", "b": "b{n}x", "c": "c{n}x"} | get_maker(a{n}x)',
    '"item i{n}x" get_item(i{n}x) -> {"a": "a{n}x", "b": "b{n}x", "c": "c{n}x"} | get_maker(b{n}x)',
    '"item i{n}x" get_item(i{n}x) -> {"a": "a{n}x", "b": "b{n}x", "c": "c{n}x"} | get_maker(c{n}x)',
)


def test_repeats_are_told_apart():
    found = evaluate(traces_of(f"20x {AGAIN}"))
    assert found.result.continue_ == 0 < found.ceiling.continue_
    assert found.unsaved == "100% of it only repeats an earlier call"


def test_what_no_place_explains_is_told_with_its_refusal():
    found = evaluate(traces_of("\n".join(f"8x {run}" for run in STRAYS)))
    assert found.result.continue_ == 0
    assert found.unsaved.startswith("100% is get_maker after get_item, which was refused (un")
    assert "get_maker(id=#1/" in found.unsaved


def test_nothing_is_told_where_continue_mode_saves():
    found = evaluate(traces_of(f"20x {FLOWS}"))
    assert found.result.continue_ > 0
    assert found.unsaved == ""


@pytest.mark.parametrize(
    ("runs", "refusals"), [(f"20x {AGAIN}", False), (f"5x {AGAIN}\n15x {STRAYS[0]}", True)]
)
def test_the_rounds_that_are_told_of_are_those_of_the_ceiling(runs, refusals):
    corpus = corpus_of(runs)
    counted = len(list(continued_rounds(corpus)))
    assert counted == round(measure_ceiling(corpus).continue_ * corpus.model_calls)
    assert ("too few of the compiled tasks" in why_unsaved(corpus, [], [], saved=0.0)) is refusals
