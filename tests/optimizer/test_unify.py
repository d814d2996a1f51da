"""Which parameters make a step make a recorded call, if any do."""

from __future__ import annotations

import pytest

from langchain_awo.model.ir.binding import Frame
from langchain_awo.model.text.encoding import same
from langchain_awo.model.views.notation_parser import parse_meta_tool
from langchain_awo.optimizer.dataflow.unify import fit_args, solve_map
from tests.optimizer.notation import corpus_of

FRAME = Frame(outputs={1: {"id": "u1", "n": 1, "orders": ["o1", "o2"]}}, arguments={1: {"q": "ann"}})


def fitted(call, args):
    """The parameters for a call of the second step of a routine."""
    return fit_args(parse_meta_tool(f"r()\n  1  find()\n  2  {call}").steps[1], args, FRAME)


@pytest.mark.parametrize(
    ("call", "args", "expected"),
    [
        ("get(id=#1/id)", {"id": "u1"}, {}),
        ("get(id=#1/id)", {"id": "u2"}, None),
        ("get(id=#1/n)", {"id": True}, None),
        ("get(id=#1/n)", {"id": 1.0}, None),
        ("get(id=$id)", {"id": None}, {"id": None}),
        ("get(id=$id, other=$id)", {"id": 1, "other": 1}, {"id": 1}),
        ("get(id=$id, other=$id)", {"id": 1, "other": 2}, None),
        ("get(id=$id, other=$id)", {"id": 1, "other": True}, None),
        ("get(id=#1/id)", {"id": "u1", "more": 1}, None),
        ("get(id=#1/id, view=$view)", {"id": "u1"}, None),
        ("get(id=#1/id, view?=$view)", {"id": "u1"}, {}),
        ("get(id=#1/id, view?=$view)", {"id": "u1", "view": "full"}, {"view": "full"}),
        ("get(id=#1/id, name?=#1.args/q)", {"id": "u1"}, None),
        ("get(id=#1/id, name?=#1.args/none)", {"id": "u1"}, {}),
        ('get(auth="Bearer {$token}")', {"auth": "Bearer t1"}, {"token": "t1"}),
        ('get(auth="Bearer {$token}")', {"auth": "t1"}, None),
        ('get(auth="Bearer {#1/id}")', {"auth": "Bearer u1"}, {}),
        ("get(who={id: #1/id, zip: $zip})", {"who": {"id": "u1", "zip": "z"}}, {"zip": "z"}),
        ("get(who={id: #1/id, zip: $zip})", {"who": {"id": "u1", "more": 1}}, None),
        ("get(who={id: #1/id, name: #1.args/q})", {"who": {"id": "u1"}}, None),
        ("get(who={id: #1/id, zip: #1/none})", {"who": {"id": "u1"}}, {}),
        ("get(who=[#1/id, $other])", {"who": ["u1", 5]}, {"other": 5}),
        ("get(who=[#1/id, $other])", {"who": ["u1"]}, None),
        ("get(all=#1/orders/*)", {"all": ["o1", "o2"]}, {}),
    ],
)
def test_the_parameters_are_those_that_make_exactly_the_recorded_call(call, args, expected):
    assert fitted(call, args) == expected


@pytest.mark.parametrize(
    ("left", "right"), [(1, True), (1, 1.0), (0, False), ("1", 1), (None, ""), ([1], [True])]
)
def test_values_that_a_tool_may_tell_apart_are_not_the_same(left, right):
    assert not same(left, right)
    assert same(left, left)


def test_a_map_shares_its_parameters_among_its_items_and_takes_what_the_caller_knows():
    step = parse_meta_tool(
        "r(view)\n  1  find()\n  2  get(id=#1/orders/*, view=$view)  # reads, once for each item, at most 9"
    ).steps[1]
    corpus = corpus_of("get(id=x1, view=odd) | get(id=o1, view=new) | get(id=o2, view=full)")
    calls = [call for _, segment in corpus.segments() for each in segment.rounds for call in each.calls]
    assert solve_map(step, calls, FRAME, lambda value: True) == {"view": "new"}
    assert solve_map(step, calls, FRAME, lambda value: value == "full") == {"view": "full"}
    assert solve_map(step, calls[:1], FRAME, lambda value: True) is None
