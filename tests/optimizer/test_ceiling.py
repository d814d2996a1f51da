"""The ceiling is what a perfect fusion of model calls would save, as `DESIGN` defines it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from langchain_awo.capture.importers import import_messages
from langchain_awo.model.ir.schema import dump
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.pipeline import compile_plan
from langchain_awo.optimizer.replay.ceiling import Ceiling, measure_ceiling
from tests.optimizer.notation import corpus_of

FOUND = '"a1" get_user(a1) -> {"order": "o9"}'


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (f"{FOUND} | get_order(o9)", {"fuse", "chooser", "continue", "flow"}),
        (f"{FOUND} | get_order(zz)", {"fuse"}),
        (f"{FOUND} | update_order(o9)", {"fuse", "chooser", "flow_write"}),
        (f"{FOUND} | cancel_order(o9)", {"fuse", "chooser", "flow_write", "destructive"}),
        (f"{FOUND} | get_user(a1)", {"fuse", "chooser", "continue", "repeat", "repeats"}),
        ('"a1 o9" get_user(a1) | get_order(o9)', {"fuse", "chooser", "parallel"}),
        ('"a1 o9" get_user(a1) | update_order(o9)', {"fuse", "chooser", "parallel_write"}),
        ('"a1 o9" !get_user(a1) | get_order(o9)', {"fuse", "chooser", "parallel", "after_failure"}),
    ],
)
def test_each_second_call_counts_by_what_was_known_and_what_it_does(runs, expected):
    """Of three model calls, the last one only answers."""
    found = measure_ceiling(corpus_of(runs)).as_json()
    shares = {**found.pop("parts"), **found}
    assert {name for name, share in shares.items() if share} == expected
    assert {shares[name] for name in expected} == {1 / 3}


@pytest.mark.parametrize("runs", [f'{FOUND} || "go on" get_order(o9)', f"{FOUND} & get_order(o9)", '"hello"'])
def test_nothing_can_be_fused_across_the_user_or_in_one_model_call(runs):
    assert measure_ceiling(corpus_of(runs)) == Ceiling()


def test_a_walk_starts_anew_where_a_value_comes_from_nowhere():
    """The third call is reached from the second, which nothing reaches."""
    found = measure_ceiling(corpus_of(f"{FOUND} | get_note(zz) -> n5 | get_item(n5)"))
    assert (found.fuse, found.chooser) == (2 / 4, 1 / 4)


def test_an_empty_corpus_has_no_ceiling():
    assert measure_ceiling(build_corpus([])) == Ceiling()


recordings = [
    pytest.mark.recordings,
    pytest.mark.skipif(
        not os.environ.get("AWO_RECORDINGS"), reason="AWO_RECORDINGS does not name the folder of recordings"
    ),
]


def recorded(name):
    return list(import_messages(Path(os.environ["AWO_RECORDINGS"]) / f"{name}.jsonl.gz"))


@pytest.mark.parametrize(
    ("name", "chooser"),
    [
        pytest.param("tau_airline", 17.6, marks=recordings),
        pytest.param("tau_retail", 24.3, marks=recordings),
        pytest.param("workbench", 40.0, marks=recordings),
        pytest.param("state_bench", 9.1, marks=recordings),
    ],
)
def test_the_ceilings_of_the_recordings_are_the_published_ones(name, chooser):
    """In percent of all model calls, to the last digit or one beside it."""
    assert measure_ceiling(build_corpus(recorded(name))).chooser * 100 == pytest.approx(chooser, abs=0.11)


@pytest.mark.recordings
@recordings[1]
def test_recordings_in_another_order_give_the_same_plan():
    traces = recorded("tau_airline")
    assert dump(compile_plan(traces)) == dump(compile_plan(traces[::-1]))
