"""Which writes may follow, what often follows and is no step, and what one author or an output on its way out takes away."""

from __future__ import annotations

import pytest

from langchain_awo.model.ir.binding import Output
from langchain_awo.model.ir.metatool import MetaTool, Refused, Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.dataflow.account import account_for_arguments
from langchain_awo.optimizer.mining.cross_validate import Thresholds
from langchain_awo.optimizer.mining.forms import Form
from langchain_awo.optimizer.mining.guarded_writes import append_write, find_guarded_forms
from langchain_awo.optimizer.mining.knowledge import Knowledge, find_shapes, learn_flow
from langchain_awo.optimizer.mining.left_over import explain_barring, explain_left_over
from langchain_awo.optimizer.mining.occurrences import collect_occurrences
from langchain_awo.optimizer.mining.reach import keep_home
from tests.optimizer.notation import corpus_of
from tests.optimizer.routines import routine, step

ANCHOR = routine(step("get_order", "$id"))
WRITE, NOTHING = Effect.WRITE, frozenset()


def lines(count, text, *, first=10):
    """As many runs, each with a number of its own."""
    return "\n".join(text.replace("{n}", str(number)) for number in range(first, first + count))


BOOK = '"book o{n}" get_order(o{n}) -> {"slot": "s{n}", "state": "open"} | book_slot(s{n})'
LEAVE = '"look at o{n}" get_order(o{n}) -> {"slot": "s{n}", "state": "done"}'
LEAVE_OPEN = LEAVE.replace("done", "open")


def known(text):
    return [Knowledge(each) for each in collect_occurrences(corpus_of(text), "get_order")]


def tried(text, *, effects=None, avoid=NOTHING):
    """What comes of each write that could be next: the step in short, or the reason."""
    found = find_guarded_forms(
        ANCHOR, known(text), effects or {"book_slot": WRITE}, avoid=avoid, thresholds=Thresholds()
    )
    return [each.reason if isinstance(each, Refused) else each.step for each in found]


def test_a_write_that_agents_always_go_on_to_is_a_step_without_a_guard():
    (found,) = tried(lines(30, BOOK))
    assert (found.tool, found.guard) == ("book_slot", None)
    assert found.args == {"id": Output(step=1, path="/slot")}
    assert found.evidence[""].held_out_agree == 30


def test_a_write_that_a_condition_explains_stops_where_it_does_not_hold():
    asked = LEAVE.replace("look at", "book")
    (found,) = tried(f"{lines(30, BOOK)}\n{lines(30, asked, first=50)}")
    assert (found.guard.source, found.guard.test, found.guard.value) == (
        Output(step=1, path="/state"),
        "equals",
        "open",
    )
    assert found.guard.otherwise == "stop"
    assert found.guard.evidence.held == found.guard.evidence.followed == 30


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            f"{lines(30, BOOK)}\n{lines(30, LEAVE_OPEN.replace('look at', 'book'), first=50)}",
            "book_slot follows get_order in 30 of 60 places: the agents decide, and nothing that is known there explains when",
        ),
        (
            lines(6, BOOK),
            "book_slot follows get_order in 6 of 6 places, always, but that is 8 places short of what a write needs",
        ),
    ],
)
def test_a_write_is_left_to_the_agent_with_the_reason(text, reason):
    assert tried(text) == [reason]


@pytest.mark.parametrize("effect", [Effect.DESTRUCTIVE, Effect.UNKNOWN, Effect.READ])
def test_only_tools_that_are_known_to_write_are_tried(effect):
    assert tried(lines(30, BOOK), effects={"book_slot": effect}) == []


def test_where_nobody_has_asked_for_a_write_nobody_decided_against_it():
    (found,) = tried(f"{lines(30, BOOK)}\n{lines(30, LEAVE_OPEN, first=50)}")
    assert found.guard is None


def test_what_is_to_be_avoided_is_not_tried():
    assert tried(lines(30, BOOK), avoid=frozenset({"book_slot"})) == []
    assert len(tried(lines(30, BOOK), effects={"book_slot": Effect.IDEMPOTENT})) == 1


def test_a_write_takes_the_reads_that_it_needs_and_the_writes_that_came_before_it():
    steps = (
        step("get_order", "$id"),
        step("get_user", "#1/user"),
        step("get_city", "#1/city"),
        step("send_note", "#1/user"),
    )
    form = Form(Step(tool="book_slot", args={"id": Output(step=3, path="/slot")}, effect=WRITE), ())
    found = append_write(routine(*steps), form)
    assert found.tools == ("get_order", "get_city", "send_note", "book_slot")
    assert found.steps[-1].args == {"id": Output(step=2, path="/slot")}


def missed(text, *, writes=False, effects=None, avoid=NOTHING, of=ANCHOR):
    corpus = corpus_of(text)
    found = explain_left_over(of, known(text), effects or corpus.effects, avoid=avoid, writes=writes)
    return [(each.routine[1], each.code, each.occurrences, each.nearness) for each in found]


def test_what_often_follows_and_is_no_step_is_told_with_the_reason():
    text = f"{lines(8, BOOK)}\n{lines(2, LEAVE, first=50)}"
    effects = {"get_order": Effect.READ, "book_slot": WRITE}
    assert missed(text, effects=effects) == [("book_slot", "writes", 8, 0.8)]
    assert missed(text, effects=effects, writes=True) == []
    assert missed(text, effects=effects, avoid=frozenset({"book_slot"})) == []
    whole = routine(*ANCHOR.steps, step("book_slot", "#1/slot"))
    assert missed(text, effects=effects, of=whole) == []


def test_what_follows_in_less_than_a_fifth_of_the_places_is_not_missed():
    effects = {"get_order": Effect.READ, "book_slot": WRITE}
    assert len(missed(f"{lines(4, BOOK)}\n{lines(16, LEAVE, first=50)}", effects=effects)) == 1
    assert missed(f"{lines(4, BOOK)}\n{lines(17, LEAVE, first=50)}", effects=effects) == []


def test_what_nothing_earlier_explains_is_told_argument_by_argument():
    """Its only argument is a text that stands nowhere; another one stands where it mostly is."""
    text = lines(10, '"order o{n}" get_order(o{n}) -> {"user": "u{n}"} | find_note(topic=t{n}x, user=u{n})')
    accounts = {
        each.name: each for each in account_for_arguments(learn_flow("find_note", known(text)), agreement=0.9)
    }
    assert (accounts["user"].source, accounts["user"].is_explained, accounts["user"].agree) == (
        "#1/user",
        True,
        10,
    )
    assert accounts["user"].flows
    assert (accounts["topic"].source, accounts["topic"].is_explained) == ("", False)
    assert (accounts["topic"].calls, accounts["topic"].values, accounts["topic"].flows) == (10, 10, False)


def test_the_place_that_comes_nearest_is_told_and_a_constant_is_no_flow():
    near = lines(6, 'get_order(o{n}) -> {"user": "u{n}"} | find_note(id=u{n}, kind=all)')
    far = lines(4, 'get_order(o{n}) -> {"user": "u{n}"} | find_note(id=x{n}, kind=all)', first=50)
    flow = learn_flow("find_note", known(f"{near}\n{far}"))
    named, kind = account_for_arguments(flow, agreement=0.9)
    assert (named.source, named.is_explained, named.agree, named.calls) == ("#1/user", False, 6, 10)
    assert (kind.source, kind.is_explained, kind.flows) == ('"all"', True, False)
    _, unexplained = account_for_arguments(flow, agreement=0.9, constants=False)
    assert not unexplained.is_explained


@pytest.mark.parametrize(
    ("effect", "writes", "code"),
    [
        (Effect.UNKNOWN, True, "unknown_effect"),
        (Effect.DESTRUCTIVE, True, "destructive"),
        (Effect.WRITE, False, "writes"),
        (Effect.IDEMPOTENT, False, "writes"),
        (Effect.WRITE, True, None),
        (Effect.READ, False, None),
    ],
)
def test_the_effect_of_a_tool_may_keep_it_out_whatever_agents_do(effect, writes, code):
    found = explain_barring("pay", effect, writes=writes)
    assert (found[0] if found else None) == code
    assert found is None or effect is Effect.WRITE or "--effect pay=" in found[1] or code == "writes"


def test_the_ways_to_call_a_tool_are_those_of_enough_tasks_and_all_together():
    text = "\n".join(
        [
            lines(4, "get_order(o{n}) | find(a=1)"),
            lines(3, "get_order(o{n}) | find(a=1, b=2)", first=50),
            "get_order(o99) | find(c=3)",
        ]
    )
    places = collect_occurrences(corpus_of(text), "get_order")
    assert find_shapes("find", places, min_tasks=2) == [None, {"a"}, {"a", "b"}]
    assert find_shapes("find", places[:4], min_tasks=2) == [None]
    assert find_shapes("other", places, min_tasks=2) == [None]
    assert learn_flow("find", known(text), frozenset({"a"})).total == 4


SENDS = Step(tool="fetch_page", args={"url": Output(step=2, path="/card")}, effect=Effect.READ)


def test_a_step_that_would_send_an_output_out_falls_with_those_that_use_it():
    corpus = corpus_of("get_order(1) | get_user(2) | fetch_page(url=x) | get_city(3)")
    using = Step(tool="get_city", args={"id": Output(step=3, path="/city")}, effect=Effect.READ)
    candidate = routine(step("get_order", "$id"), step("get_user", "#1/user"), SENDS, using)
    kept, (refused,) = keep_home(candidate, corpus)
    assert kept.tools == ("get_order", "get_user")
    assert (refused.code, refused.routine) == ("reaches_out", ("get_order", "fetch_page"))


def test_nothing_is_left_where_the_first_further_step_would_send_something_out():
    sends = Step(tool="fetch_page", args={"url": Output(step=1, path="/card")}, effect=Effect.READ)
    kept, refused = keep_home(
        routine(step("get_order", "$id"), sends), corpus_of("get_order(1) | fetch_page(url=x)")
    )
    assert kept is None
    assert len(refused) == 1


def test_a_routine_that_stays_at_home_is_the_very_same():
    candidate = routine(step("get_order", "$id"), step("get_user", "#1/user"))
    assert keep_home(candidate, corpus_of("get_order(1) | get_user(2)")) == (candidate, [])


def test_parameters_of_steps_that_fell_are_not_asked_for():
    sends = Step(tool="fetch_page", args={**SENDS.args, **step("x", "$token").args}, effect=Effect.READ)
    candidate = routine(step("get_order", "$id"), step("get_user", "#1/user"), sends)
    kept, _ = keep_home(candidate, corpus_of("get_order(1) | get_user(2) | fetch_page(url=x)"))
    assert isinstance(kept, MetaTool)
    assert [spec.name for spec in kept.parameters] == ["id"]
