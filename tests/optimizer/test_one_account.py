"""Recordings of one account, one day or few tasks: what is always the same may still flow, and what a few tasks said does not."""

from __future__ import annotations

import pytest

from langchain_awo.model.views.notation import format_step
from langchain_awo.optimizer.mining.folds import FOLDS
from langchain_awo.optimizer.mining.occurrences import collect_occurrences
from langchain_awo.optimizer.pipeline import Options, compile_corpus
from tests.optimizer.notation import corpus_of

FLOWS = {
    'get_rooms() -> ["attic", "cellar"] | get_rents(names=["attic", "cellar"])': "get_rents(names=#1/*)",
    "get_today() -> 2024-05-15 | get_shifts(day=2024-05-15)": "get_shifts(day=#1)",
    'get_me() -> {"key": "u-4417"} | get_bills(owner=u-4417)': "get_bills(owner=#1/key)",
    'get_me() -> {"mail": "ann@dock.example"} | get_bills(owner=ann@dock.example)': "get_bills(owner=#1/mail)",
}

STRAYS = {
    "a state stands anywhere": 'get_berth(b{n}x) -> {"state": "open"} | get_bills(state=open)',
    "a small number too": 'get_berth(b{n}x) -> {"level": 3} | get_bills(level=3)',
    "one item alone is no list": 'get_rooms() -> ["attic"] | get_rents(names=["attic"])',
    "the first of several": 'get_rooms(b{n}x) -> [{"key": "u-4417"}, {"key": "u-{n}"}] | get_bills(owner=u-4417)',
    "one of those that were asked for": 'get_rents(names=["h{n}x", "k{n}x"]) -> {"rent": "{n}"} | get_map(place="h{n}x")',
    "the first and the last": 'get_rooms(b{n}x) -> ["r1{n}x", "r2{n}x", "r3{n}x"] | get_rents(names=["r1{n}x", "r3{n}x"])',
    "a name beside what flows": 'get_rooms() -> ["r1{n}", "r2{n}"] | get_rents(names=["r1{n}", "The Old Attic"]) | get_rents(names=["r2{n}", "The Old Attic"])',
}


def _steps(text: str, **options: str) -> list[str]:
    meta_tools, _ = compile_corpus(corpus_of(text), Options(**options))
    return [format_step(step) for each in meta_tools for step in each.steps[1:]]


@pytest.mark.parametrize("run", FLOWS)
def test_what_is_specific_flows_though_one_value_is_seen(run: str) -> None:
    assert any(step.startswith(FLOWS[run]) for step in _steps(f"16x {run}"))


@pytest.mark.parametrize("kind", STRAYS)
def test_what_is_not_does_not(kind: str) -> None:
    assert _steps(f"16x {STRAYS[kind]}") == []


def test_a_write_wants_to_see_two_values() -> None:
    once = '"pay" get_me() -> {"key": "u-4417"} | send_bill(to=u-4417)'
    each = '"pay" get_me() -> {"key": "u-{n}17"} | send_bill(to=u-{n}17)'
    assert _steps(f"30x {once}", writes="guarded") == []
    assert _steps(f"30x {each}", writes="guarded") != []


def test_few_tasks_that_go_on_alike_are_never_held_out_together() -> None:
    """Whatever their names are: a step that two of many tasks show is found without either of them."""
    for name in "abcdefgh":
        alike = [
            f'3x task={name}{n} get_rooms() -> ["a{n}", "b{n}"] | get_rent(a{n}) | get_rent(b{n})'
            for n in (1, 2)
        ]
        others = [f"task={name}{n} get_rooms() -> none | get_map{n}()" for n in range(3, 9)]
        found = collect_occurrences(corpus_of("\n".join([*alike, *others])), "get_rooms")
        folds = {each.task: each.fold for each in found}
        assert folds[f"{name}1"] != folds[f"{name}2"]
        assert set(folds.values()) == set(range(FOLDS))
        assert any(step.startswith("get_rent(id=#1/*)") for step in _steps("\n".join([*alike, *others])))
