"""What single rules do to the calls of a path: canonical names, repeats, logins, reads that change places, names that were shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from langchain_awo.model.rules import (
    HOLE,
    CollapseLogin,
    CollapseRepeats,
    Commute,
    Ignore,
    Normalize,
    RuleSet,
)
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.baseline.windows import find_windows
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.rules.canonicalize import Sighting, as_text, canonicalize_call, infer_selectors
from langchain_awo.optimizer.rules.collapse import collapse_logins
from langchain_awo.optimizer.rules.commute import read_stretches, shows_flow
from langchain_awo.optimizer.rules.lookup import Shown, names_at
from langchain_awo.optimizer.rules.prepare import build_paths
from tests.optimizer.notation import traces_of

EFFECTS = {"put": Effect.IDEMPOTENT}


def paths_of(text, *rules):
    return build_paths(build_corpus(traces_of(text), declared=EFFECTS), RuleSet(rules=rules))


def kept(text, *rules):
    """The calls that rules leave, a line for each segment."""
    return [
        " ".join(f"{each.call.tool}({each.call.args.get('id', '')})" for each in path.calls)
        for path in paths_of(text, *rules)
    ]


@pytest.mark.parametrize(
    ("calls", "of", "left"),
    [
        ("get(1) | get(2) | get(1)", "identical", "get(1) get(2)"),
        ("get(1) | set_x(1) | get(1)", "identical", "get(1) set_x(1) get(1)"),
        ("book(1) | book(1)", "identical", "book(1) book(1)"),
        ("put(1) | put(1) | get(1)", "identical", "put(1) get(1)"),
        ("put(1) | get(1) | put(1)", "identical", "put(1) get(1)"),
        ("put(1) | put(2) | put(1)", "identical", "put(1) put(2) put(1)"),
        ('get(1) | get("1") | get(true) | get(1.0)', "identical", "get(1) get(1) get(True) get(1.0)"),
        ("get(1) | get(2) | find(1) | get(1)", "reads", "get(1) find(1) get(1)"),
        ("set_x(1) | set_x(2)", "reads", "set_x(1) set_x(2)"),
        ("get(1) | get(2) | find(3) | get(4)", "tool", "get(1) find(3) get(4)"),
        ("find(1) | find(2)", "tool", "find(1) find(2)"),
        ("get(1)", "tool", "get(1)"),
    ],
)
def test_repeats_are_collapsed_to_the_first(calls, of, left):
    rule = CollapseRepeats(of=of, tool="get" if of == "tool" else "")
    assert kept(calls, rule) == [left]


LOGIN = CollapseLogin(tools=("get_key", "login"))


@pytest.mark.parametrize(
    ("calls", "left"),
    [
        ("get_key(a) | login(1) | get(1) || get_key(a) | login(2) | get(2)", ["get_key(a) login(1) get(1)", "get(2)"]),
        ("get_key(a) | login(1) || get_key(b) | login(2)", ["get_key(a) login(1)", "get_key(b) login(2)"]),
        ("get_key(a) | login(1) || get_key(a) | get(1)", ["get_key(a) login(1)", "get_key(a) get(1)"]),
        ("login(1) | get_key(a) || login(1) | get_key(a)", ["login(1) get_key(a)"] * 2),
        ("get_key(a) | login(1) | get_key(a) | login(1)", ["get_key(a) login(1)"]),
    ],
)  # fmt: skip
def test_a_login_with_the_same_arguments_is_dropped_later_in_the_run(calls, left):
    assert kept(calls, LOGIN) == left


def test_each_run_logs_in_for_itself():
    assert kept("2x get_key(a) | login(1)", LOGIN) == ["get_key(a) login(1)"] * 2


def test_a_login_of_another_agent_of_the_run_is_its_own():
    (path,) = paths_of("get_key(a) | login(1) | get(1)")
    agents = tuple(replace(path.segment, scope=scope) for scope in ("", "helper", ""))
    run = replace(path.run, segments=agents)
    left = collapse_logins(run, [list(path.calls)] * 3, RuleSet(rules=(LOGIN,)))
    assert [len(calls) for calls in left] == [3, 3, 1]


def placed(text, *rules):
    """The stretch and the uses of each call."""
    (path,) = paths_of(text, *rules)
    return [(each.stretch, each.uses) for each in path.calls]


def test_reads_share_a_stretch_up_to_a_write():
    found = placed('"1 2 3" get(1) | find(2) | set_x(3) | get(2)', Commute())
    assert found == [(0, ()), (0, ()), (None, ()), (3, ())]


def test_what_a_read_takes_from_an_earlier_one_keeps_their_order():
    found = placed('"order o7" get(o7) -> {"user": "u44"} | find(o7) | find(u44)', Commute())
    assert [uses for _, uses in found] == [(), (), (0,)]


def test_a_value_that_nobody_has_seen_may_be_made_of_every_earlier_output():
    found = placed('"order o7" get(o7) | find(o7) | find(u99)', Commute())
    assert [uses for _, uses in found] == [(), (), (0, 1)]


def test_a_value_that_the_model_itself_put_into_a_call_did_not_come_from_it():
    found = placed('"hello" get(o7) | find(o7)', Commute())
    assert [uses for _, uses in found] == [(), ()]


def test_calls_of_one_model_call_use_nothing_of_each_other():
    found = placed('"hello" get(o7) -> u44 & find(u44)', Commute())
    assert [uses for _, uses in found] == [(), ()]


def test_only_tools_that_share_a_rule_commute():
    found = placed('"1" get(1) | find(1) | look(1)', Commute(tools=("get", "find")), Commute(tools=("look",)))
    assert [stretch for stretch, _ in found] == [0, 0, 2]


def test_reads_are_cut_where_something_may_have_been_written():
    (path,) = paths_of("get(1) | find(1) | set_x(1) | get(2)")
    assert [len(stretch) for stretch in read_stretches(path.calls)] == [2, 1]
    assert list(read_stretches([])) == [[]]


def test_a_flow_is_shown_by_a_value_that_first_appeared_in_the_earlier_output():
    (path,) = paths_of('"order o7" get(o7) -> {"user": "u44"} | find(u44) | look(o7) | find(1)')
    source, flowing, asked, common = path.calls
    assert [shows_flow(path.run, source, each) for each in (flowing, asked, common, source)] == [
        True,
        False,
        False,
        False,
    ]


def windows(text, *tools, rules=()):
    paths = paths_of(text, *rules)
    routine = [canonicalize_call(tool, {}, ()) for tool in tools]
    return [[each.call.args["id"] for each in window.calls] for window in find_windows(paths, routine)]


def test_windows_follow_each_other_without_overlapping():
    assert windows("get(1) | get(2) | get(3) | get(4) | get(5)", "get", "get") == [[1, 2], [3, 4]]
    assert windows("get(1) || find(2)", "get", "find") == []
    assert windows("get(1)", "get", "find") == []


def test_a_window_in_another_order_counts_only_where_its_reads_commute():
    runs = '"1 2" find(1) | get(2)'
    assert windows(runs, "get", "find") == []
    assert windows(runs, "get", "find", rules=[Commute()]) == [[2, 1]]
    assert windows('"1 2" set_x(1) | get(2)', "get", "set_x", rules=[Commute()]) == []


def test_a_window_knows_how_many_model_calls_it_took():
    (window,) = find_windows(
        paths_of("get(1) & find(2) | look(3)"),
        [canonicalize_call(tool, {}, ()) for tool in ("get", "find", "look")],
    )
    assert window.model_calls == 2


BUTTONS = {"buttons": {"Search": {"id": "e41"}, "Go": {"id": 7}, "Dead": {}}}


def test_names_are_told_by_the_value_as_json():
    assert names_at(BUTTONS, "/buttons/*/id") == {'"e41"': "Search", "7": "Go"}
    assert names_at({"buttons": []}, "/buttons/*/id") is None
    assert names_at("text", "/buttons/*/id") is None


def test_a_value_is_named_as_the_latest_page_names_it():
    rule = Normalize(tool="click", key="id", lookup="/buttons/*/id")
    shown = Shown([rule])
    assert shown.named(rule, "click", {"id": "e41"}) == {"id": "e41"}
    shown.see(BUTTONS)
    shown.see("a page without buttons")
    assert shown.named(rule, "click", {"id": "e41", "x": 1}) == {"id": "Search", "x": 1}
    assert shown.named(rule, "click", {"id": "7"}) == {"id": "7"}, "a text is no number"
    assert shown.named(rule, "tap", {"id": "e41"}) == {"id": "e41"}
    assert shown.named(rule, "click", {}) == {}
    shown.see({"buttons": {"Find": {"id": "e41"}}})
    assert shown.named(rule, "click", {"id": "e41"}) == {"id": "Find"}


def test_a_canonical_call_has_only_what_selects_in_the_order_of_names():
    call = canonicalize_call(
        "http", {"path": "/x", "method": "GET", "body": {}, "flag": True}, ["path", "method", "flag", "gone"]
    )
    assert call.selectors == (("flag", "true"), ("method", "GET"), ("path", "/x"))
    assert canonicalize_call("http", {"path": HOLE}, ["path"]).selectors == ()


@pytest.mark.parametrize(
    ("value", "text"), [("GET", "GET"), (True, "true"), (None, "null"), (1.0, "1.0"), ("Ä", "Ä")]
)
def test_a_selecting_value_is_shown_as_it_is(value, text):
    assert as_text(value) == text


def sightings(rows, times=10):
    """Calls of one tool, each row as often as asked, by tasks of their own."""
    return [
        Sighting(f"task {number}", "http", args, output, following)
        for number in range(times)
        for args, output, following in rows
    ]


LOOKING = ({"method": "GET", "path": "/orders"}, [{"id": 1}], "render")
WRITING = ({"method": "POST", "path": "/orders", "body": {}}, {"ok": True}, "confirm")


def selecting(calls):
    return [found.key for found in infer_selectors(calls).get("http", ())]


def test_a_word_that_tells_what_else_differs_selects():
    (found,) = infer_selectors(sightings([LOOKING, WRITING]))["http"]
    assert (found.key, found.values, found.calls) == ("method", 2, 20)
    assert found.told == "the shape of the output (100%)"


@pytest.mark.parametrize(
    "rows",
    [
        [({"method": "GET"}, [1], "a"), ({"method": "POST"}, [1], "a")],
        [({"method": "GET 2024"}, [1], "a"), ({"method": "POST 2024"}, {}, "b")],
        [({"method": "one two three four"}, [1], "a"), ({"method": "POST"}, {}, "b")],
        [({"method": 1}, [1], "a"), ({"method": 2}, {}, "b")],
        [({"method": "GET"}, [1], "a"), ({}, {}, "b")],
        [({"method": HOLE}, [1], "a"), ({"method": "POST"}, {}, "b")],
        [({"method": ""}, [1], "a"), ({"method": "POST"}, {}, "b")],
    ],
    ids=["tells nothing", "digits", "sentence", "no text", "not in every call", "a hole", "empty"],
)
def test_what_may_be_data_does_not_select(rows):
    assert selecting(sightings(rows)) == []


def test_few_calls_or_values_of_single_tasks_tell_nothing():
    assert selecting(sightings([LOOKING, WRITING], times=5)) == []
    alone = [
        Sighting("one task", each.tool, each.args, each.output, each.following)
        for each in sightings([LOOKING, WRITING])
    ]
    assert selecting(alone) == []


def test_an_ignored_read_stands_on_no_path():
    assert kept("get(1) | think(x) | find(2)", Ignore(tool="think")) == ["get(1) find(2)"]
