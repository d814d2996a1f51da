"""Rules about calls change what the default strategy mines."""

from __future__ import annotations

import pytest

from langchain_awo.model.rules import Alias, CollapseLogin, Commute, Ignore, RuleSet
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.rules.apply import follow
from langchain_awo.optimizer.rules.check import python_rule
from tests.optimizer.notation import corpus_of
from tests.optimizer.routines import compiled

FOUND = "get_user(id=#1/uid)"


def runs(line, count=12):
    return "\n".join(line.replace("{n}", str(number)) for number in range(10, 10 + count))


def tools(text, *rules):
    """The tools that are left, round by round."""
    corpus = follow(corpus_of(text), RuleSet(rules))
    return [[call.tool for call in current.calls] for _, s in corpus.segments() for current in s.rounds]


def test_without_such_rules_it_is_the_same_corpus():
    corpus = corpus_of("get_a(1)")
    assert follow(corpus, RuleSet((Commute(),))) is corpus


def test_what_is_ignored_is_gone_and_so_is_a_round_of_nothing_else():
    assert tools("get_a(1) & get_time() | get_time() | get_b(2)", Ignore(tool="get_time")) == [
        ["get_a"],
        ["get_b"],
    ]


def test_failed_calls_stay_since_they_say_what_went_wrong():
    assert tools("!get_a(1) | get_a(2)", Ignore(tool="get_time")) == [["get_a"], ["get_a"]]


@pytest.mark.parametrize(("often", "seldom"), [("get_order", "fetch_order"), ("fetch_order", "get_order")])
def test_aliases_become_the_tool_that_was_called_most(often, seldom):
    text = f"{often}(1) | {often}(2) | {seldom}(3)"
    assert tools(text, Alias(tool="fetch_order", to="get_order")) == [[often]] * 3


def test_a_repeated_login_goes_and_one_with_other_credentials_stays():
    text = 'login(a) | get_b(1) | login(a) || "go on" login(a) | login(b)'
    assert tools(text, CollapseLogin(tools=("login",))) == [["login"], ["get_b"], ["login"]]


def test_a_routine_is_found_over_aliases():
    """Neither name alone is called in enough tasks."""
    text = "\n".join(
        f'"a{n}" find_user(a{n}) -> {{"uid": "u{n}"}} | {"get_user" if n % 12 else "fetch_user"}(u{n})'
        for n in range(10, 14)
    )
    rule = Alias(tool="fetch_user", to="get_user")
    assert FOUND in compiled(text, rules=RuleSet((rule,)), effects={"fetch_user": Effect.READ})


def test_a_function_can_leave_calls_out():
    rule = python_rule(lambda call: None if call.tool == "get_time" else call, name="no clock")
    assert tools("get_a(1) | get_time()", rule) == [["get_a"]]


def test_a_routine_goes_on_over_a_repeated_login():
    line = '"k a{n}" login(k) | find_user(a{n}) -> {"uid": "u{n}"} | login(k) | get_user(u{n})'
    assert FOUND not in compiled(runs(line))
    assert FOUND in compiled(runs(line), rules=RuleSet((CollapseLogin(tools=("login",)),)))
