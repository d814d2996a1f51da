"""One general meta-tool instead of near-duplicates, and names that tell meta-tools apart."""

from __future__ import annotations

from dataclasses import replace

from langchain_awo.model.binding import Constant, Output, Parameter
from langchain_awo.model.metatool import Guard, ParameterSpec
from langchain_awo.model.notation import format_step
from langchain_awo.optimizer.replay.cost import Bench, Prices
from langchain_awo.optimizer.selection.naming import name_all
from langchain_awo.optimizer.selection.unite import unions_of, unite
from tests.optimizer.notation import corpus_of
from tests.optimizer.routines import routine, step

FIND, USER, ORDER = step("find_user", "$id"), step("get_user", "#1/uid"), step("get_order", "#2/order")


def tickets(state, *, tool="search_tickets"):
    """A search for tickets in a fixed state."""
    found = step(tool, "#1/uid")
    return replace(found, args={**found.args, "state": Constant(value=state)})


def shown(meta_tools):
    return [[format_step(each) for each in meta_tool.steps] for meta_tool in meta_tools]


def runs(line, count=6):
    return "\n".join(line.replace("{n}", str(number)) for number in range(10, 10 + count))


RUNS = runs(
    '"a{n}" find_user(a{n}) -> {"uid": "u{n}"} | get_user(u{n}) -> {"order": "o{n}"} | get_order(o{n})'
)


def test_of_two_that_do_the_same_one_is_enough():
    bench = Bench(corpus_of(RUNS))
    whole, part = routine(FIND, USER, ORDER), routine(FIND, USER)
    assert shown(unite([whole, part], bench, prices=Prices())) == shown([whole])


def test_the_part_stays_where_the_whole_would_fetch_too_much():
    short = runs('"b{n}" find_user(b{n}) -> {"uid": "v{n}"} | get_user(v{n}) -> {"order": "p{n}"}', count=90)
    bench = Bench(corpus_of(f"{RUNS}\n{short}"))
    both = [routine(FIND, USER, ORDER), routine(FIND, USER)]
    dear = replace(Prices(), over_fetch=0.9)
    assert len(unite(both, bench, prices=dear)) == 2


def test_two_that_differ_in_a_constant_become_one_with_a_parameter():
    (united,) = unions_of(routine(FIND, tickets("open")), routine(FIND, tickets("closed")))
    assert shown([united]) == [["find_user(id=$id)", "search_tickets(id=#1/uid, state=$state)"]]
    assert united.steps[1].guard == Guard(source=Parameter(name="state"), test="given")
    assert united.parameters[-1] == ParameterSpec(name="state", required=False)


def test_another_place_or_another_anchor_is_no_near_duplicate():
    other = replace(USER, args={"id": Output(step=1, path="/other")})
    assert list(unions_of(routine(FIND, USER), routine(FIND, other))) == []
    assert list(unions_of(routine(FIND, USER), routine(step("find_shop", "$id"), USER))) == []


def test_what_continues_goes_on_continuing_in_what_stays():
    continued = replace(routine(FIND, replace(USER, eager=True)), mode="continue")
    united = next(unions_of(routine(FIND, USER, ORDER), continued))
    assert (united.mode, [each.eager for each in united.steps]) == ("append", [False, True, False])


def test_names_are_told_apart_by_a_word_and_not_by_a_number():
    corpus = corpus_of(RUNS)
    named = name_all([routine(FIND, tickets("open")), routine(FIND, tickets("closed"))], corpus)
    assert [each.name for each in named] == ["find_user_with_tickets", "find_user_with_tickets_closed"]
    continued = replace(routine(FIND, tickets("open")), mode="continue")
    more = name_all(
        [routine(FIND, tickets("open")), routine(step("find_user", "$key"), tickets("open")), continued],
        corpus,
    )
    assert [each.name for each in more] == [
        "find_user_with_tickets",
        "find_user_with_tickets_by_key",
        "find_user_with_tickets_continued",
    ]


def test_a_parameter_is_called_after_its_tool_where_two_would_have_one_name():
    first = replace(USER, args={"id": Parameter(name="state")})
    second = replace(tickets("x"), args={"state": Parameter(name="state_2")})
    (named,) = name_all([routine(FIND, first, second)], corpus_of(RUNS))
    assert [spec.name for spec in named.parameters] == ["id", "state", "tickets_state"]
    assert named.steps[2].args == {"state": Parameter(name="tickets_state")}
