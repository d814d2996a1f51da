"""Rules in a file: what is written is read, and what is wrong is named with its fix."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_awo.errors import RuleError
from langchain_awo.model.rules import (
    Alias,
    CollapseLogin,
    CollapseRepeats,
    Commute,
    Ignore,
    Normalize,
    RuleSet,
    SelectBy,
)
from langchain_awo.optimizer.rules.check import check_rules, python_rule
from langchain_awo.optimizer.rules.file import dump_rules, load_rules, read_rules, write_rules
from langchain_awo.optimizer.rules.prepare import build_paths
from langchain_awo.optimizer.rules.suggest import suggest_rules
from tests.optimizer.notation import corpus_of

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
common = {"on": st.booleans(), "evidence": st.text(st.characters(exclude_categories=["Cs"]), max_size=30)}
tuples = st.lists(names, max_size=3).map(tuple)
RULES = st.one_of(
    st.builds(
        Normalize, key=names, tool=names, replacement=names, type=st.sampled_from(["", "string"]), **common
    ),
    st.builds(SelectBy, tool=names, keys=tuples, **common),
    st.builds(Ignore, tool=names, **common),
    st.builds(Alias, tool=names, to=names, **common),
    st.builds(CollapseRepeats, of=st.just("tool"), tool=names, **common),
    st.builds(CollapseLogin, tools=st.tuples(names, names), **common),
    st.builds(Commute, tools=tuples, **common),
)


@settings(deadline=None)
@given(st.lists(RULES, max_size=5).map(lambda rules: RuleSet(tuple(rules))))
def test_what_is_written_is_read(rules):
    text = dump_rules(rules)
    assert load_rules(text) == rules
    assert dump_rules(load_rules(text)) == text


def test_a_file_keeps_its_switches_as_plain_words(tmp_path):
    """`on` is a boolean in YAML 1.1; a person writes it without quotes."""
    path = tmp_path / "rules.yaml"
    write_rules(RuleSet((Commute(tools=("get_a", "get_b"), on=False, evidence="seen"),)), path)
    assert "\n  on: false\n" in path.read_text(encoding="utf-8")
    assert read_rules(path).active == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: [", "the rules is not YAML"),
        ("- a list", "it needs a list under `rules:`"),
        ("rules: 7", "it needs a list under `rules:`"),
        ("version: 9", "reads version 1"),
        ("rule: []", "'rule' has no meaning there"),
        ("rules: [7]", "rule 1 (no kind): a rule is a mapping with a kind"),
        (
            "rules: [{kind: sort}]",
            "rule 1 (sort): a rule is a mapping with a kind; the kinds are normalize, select",
        ),
        ("rules: [{kind: ignore}]", "rule 1 (ignore): 'tool' is missing; add it"),
        ("rules: [{kind: ignore, tool: a, tol: b}]", "rule 1 (ignore): 'tol' has no meaning there"),
        ("rules: [{kind: ignore, tool: [a]}]", "rule 1 (ignore): 'tool' cannot be ['a']"),
        ("rules: [{kind: ignore, tool: ''}]", "a tool's name is empty; give one"),
        ("rules: [{kind: commute, on: maybe}]", "rule 1 (commute): 'on' cannot be 'maybe'"),
        ("rules: [{kind: normalize, tool: a}]", "give a key, a type or a pattern"),
        ("rules: [{kind: normalize, pattern: '('}]", "is not a regular expression"),
        ("rules: [{kind: normalize, pattern: 'a*'}]", "matches empty text"),
        ("rules: [{kind: normalize, pattern: '(\\d+)+x'}]", "may take forever on some texts"),
        ("rules: [{kind: collapse_repeats, of: tool}]", "give `tool`"),
        ("rules: [{kind: collapse_repeats, of: reads, tool: a}]", "`of: tool` for a alone"),
        ("rules: [{kind: collapse_login, tools: []}]", "it names no tool"),
        ("rules: [{kind: python}]", "the kinds are"),
    ],
)
def test_what_is_wrong_is_named_with_its_fix(text, message):
    with pytest.raises(RuleError) as caught:
        load_rules(text)
    assert message in str(caught.value)


def test_a_file_that_is_too_long_is_refused_unread():
    with pytest.raises(RuleError, match="larger than"):
        load_rules("#" * 5_000_001)


def test_a_path_that_cannot_be_read_or_written_is_named(tmp_path):
    with pytest.raises(RuleError, match="cannot be read"):
        read_rules(tmp_path / "none.yaml")
    with pytest.raises(RuleError, match="cannot be written"):
        write_rules(RuleSet(), tmp_path / "no" / "rules.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RuleError, match="is not UTF-8 text"):
        read_rules(tmp_path / "binary.yaml")


def test_a_python_rule_works_like_a_declared_one_but_is_not_written():
    """The slow path: any function from a call to the call it counts as, or to none."""

    def without_time(call):
        return (
            None if call.tool == "get_time" else dataclasses.replace(call, tool=call.tool.removeprefix("v2_"))
        )

    rules = RuleSet((python_rule(without_time),))
    corpus = corpus_of("get_time() | v2_get_user(1) | get_order(7)")
    (path,) = build_paths(corpus, check_rules(rules, corpus))
    assert [call.label for call in path.canonical] == ["get_user", "get_order"]
    with pytest.raises(RuleError, match="python rule without_time\\) is a Python function"):
        dump_rules(rules)


def test_a_python_rule_may_not_leave_out_a_write():
    corpus = corpus_of("get_user(1) | update_user(1)")
    with pytest.raises(RuleError, match="leaves out update_user, which may write"):
        check_rules(RuleSet((python_rule(lambda call: call if call.effect.is_read else None),)), corpus)


def test_rule_sets_compose():
    """A rule that is in both is applied once."""
    first, second = RuleSet((Ignore(tool="get_time"),)), RuleSet((Commute(), Ignore(tool="get_time")))
    assert (first + second).rules == (Ignore(tool="get_time"), Commute())


def test_suggested_rules_are_sound_for_the_traces_they_came_from():
    """Nothing that is suggested would be refused, switched on or not."""
    corpus = corpus_of(
        '3x "11 22" login(a) | get_a(11) | get_b(22) | get_a(11) -> {"c": "c1"} | get_c(c1) || login(a)\n'
        '3x "11 22" get_b(22) | get_a(11)'
    )
    suggested = suggest_rules(corpus)
    everything = RuleSet(tuple(dataclasses.replace(rule, on=True) for rule in suggested.rules))
    assert {rule.kind for rule in everything.rules} == {"collapse_login", "collapse_repeats", "commute"}
    assert check_rules(everything, corpus) is everything
