"""Which recorded calls a step makes, what it leaves to explain, and what it would fetch in vain."""

from __future__ import annotations

import pytest

from langchain_awo.model.ir.binding import Constant, Output, Parameter
from langchain_awo.model.ir.metatool import Step
from langchain_awo.optimizer.dataflow.specific import looks_like_data
from langchain_awo.optimizer.mining.align import advance, align, asks_again, has_parameters
from langchain_awo.optimizer.mining.forms import Form
from langchain_awo.optimizer.mining.literals import asks_for_a_part, is_house_rule
from langchain_awo.optimizer.mining.measure import MAX_EXTRA, Growth, measure
from langchain_awo.optimizer.mining.occurrences import collect_occurrences
from tests.optimizer.notation import corpus_of
from tests.optimizer.routines import each, routine, step

TEAM = 'get_team(1) -> {"lead": "u1", "members": ["u1", "u2", "u3"], "none": null}'


def places(text, anchor="get_team"):
    return collect_occurrences(corpus_of(text), anchor)


def first(text):
    return places(text)[0]


def made(found):
    return [args["id"] for args in found.values()]


def test_a_step_makes_the_call_whose_arguments_are_there():
    assert made(align(step("get_user", "#1/lead"), first(f"{TEAM} | get_user(u1)"))) == ["u1"]


def test_a_mapped_step_makes_a_call_for_each_item_whatever_the_agent_did():
    assert made(align(each("get_user", "#1/members"), first(f"{TEAM} | get_user(u2)"))) == ["u1", "u2", "u3"]


@pytest.mark.parametrize("place", ["#1/gone", "#1/none"])
def test_a_step_whose_place_holds_nothing_makes_no_call(place):
    assert align(step("get_user", place), first(f"{TEAM} | get_user(u1)")) == {}


def test_a_parameter_is_what_the_recorded_agent_gave_if_it_was_known_by_then():
    asked = step("find_user", "$name")
    assert made(align(asked, first(f'"where is Ann" {TEAM} | find_user(Ann)'))) == ["Ann"]
    assert align(asked, first(f'"where is she" {TEAM} | find_user(Ann)')) == {}
    assert align(asked, first(f'"where is Ann" {TEAM} | other(Ann)')) == {}


def test_a_step_that_was_taken_leaves_what_it_does_not_explain():
    place = first(f'{TEAM} | get_user(u1) -> {{"mail": "a@x"}} | get_user(u9) | get_note(7)')
    advance(2, step("get_user", "#1/lead"), place)
    assert [(call.tool, call.args["id"]) for call in place.followers] == [("get_user", "u9"), ("get_note", 7)]
    assert place.frame.outputs[2] == {"mail": "a@x"}
    assert place.frame.arguments[2] == {"id": "u1"}


def test_outputs_of_a_mapped_step_are_a_list_in_the_order_of_its_items():
    place = first(f"{TEAM} | get_user(u3) -> c & get_user(u1) -> a")
    advance(2, each("get_user", "#1/members"), place)
    assert place.frame.outputs[2] == ["a", "c"]
    assert 2 not in place.frame.arguments


def test_a_step_that_nobody_made_says_nothing():
    place = first(f"{TEAM} | get_note(7)")
    advance(2, step("get_user", "#1/lead"), place)
    assert 2 not in place.frame.outputs
    assert [call.tool for call in place.followers] == ["get_note"]


def test_behind_a_write_that_was_made_the_next_one_can_be_seen():
    place = first(f"{TEAM} | set_lead(u1) | set_note(u2)")
    assert [call.tool for call in place.followers] == ["set_lead"]
    advance(2, step("set_lead", "#1/lead"), place)
    assert [call.tool for call in place.followers] == ["set_note"]


def test_a_step_asks_again_for_one_of_what_is_fetched_for_each():
    found = places(f"{TEAM} | get_user(u1)")
    mapped = routine(step("get_team", "$id"), each("get_user", "#1/members"))
    assert asks_again(step("get_user", "#1/members/0"), mapped, found)
    assert asks_again(each("get_user", "#1/members"), mapped, found)
    assert not asks_again(step("get_user", "#1/lead"), mapped, found)
    assert not asks_again(step("get_boss", "#1/members/0"), mapped, found)


def test_a_step_asks_again_where_another_asked_for_the_same_in_half_of_the_places():
    single = routine(step("get_team", "$id"), step("get_user", "#1/lead"))
    narrowed = Step(
        tool="get_user", args={"id": Output(step=1, path="/lead"), "only": Constant(value="open")}
    )
    found = places(f"{TEAM} | get_user(id=u1, only=open)")
    assert asks_again(narrowed, single, found)
    assert not asks_again(step("get_user", "#1/members/1"), single, found)
    assert not asks_again(narrowed, single, [])


def test_a_step_has_parameters_wherever_they_stand():
    assert has_parameters(step("get", "$id"))
    assert not has_parameters(step("get", "#1/id"))
    assert not has_parameters(Step(tool="get", args={}))


def test_a_form_is_measured_by_what_it_explains_and_what_it_fetches_in_vain():
    found = places(f"2x {TEAM} | get_user(u1) & get_user(u2)\n{TEAM} | get_note(1)")
    growth = measure(Form(each("get_user", "#1/members"), ()), found)
    assert (growth.explained, growth.tasks, growth.extra, growth.places, growth.wanted) == (4, 2, 5, 3, 2)
    assert growth.order == 0.5
    assert growth.score == 4 - 0.05 * 5


def test_a_form_that_makes_no_call_anywhere_explains_nothing():
    growth = measure(Form(step("get_user", "#1/gone"), ()), places(TEAM))
    assert (growth.explained, growth.places, growth.order, growth.is_worth_trying) == (0, 0, 0.0, False)


def test_more_than_a_coincidence_must_speak_for_a_growth():
    def grown(explained, tasks, extra):
        return Growth(step("get", "#1/id"), explained, tasks, extra, places=9, wanted=9).is_worth_trying

    assert grown(3, 3, 0)
    assert not grown(3, 1, 0)
    assert grown(3, 3, 3 * MAX_EXTRA)
    assert not grown(3, 3, 3 * MAX_EXTRA + 1)


def test_of_equal_growths_what_goes_on_from_the_last_step_comes_first_then_the_one_that_asks_least():
    def rank(source, order=0.0, parameters=()):
        growth = Growth(step("get", source), 3, 3, 0, 3, 3, order, parameters)
        return growth.rank(2)

    on, aside, later, asking = (
        rank("#2/id"),
        rank("#1/id"),
        rank("#2/id", 1.0),
        rank("#2/id", parameters=("p",)),
    )
    assert sorted([asking, later, aside, on]) == [on, asking, later, aside]


def tasks_that_pass(*kinds):
    return places("\n".join(f"get_team({n}) | find(kind={kind})" for n, kind in enumerate(kinds)))


@pytest.mark.parametrize(
    ("kinds", "value", "expected"),
    [
        (["open"] * 5, "open", True),
        (["open"] * 4, "open", False),
        (["open"] * 17 + ["done"] * 3, "open", True),
        (["open"] * 16 + ["done"] * 4, "open", False),
        (["true"] * 6, True, True),
        (["1"] * 6, True, False),
        (["1.0"] * 6, 1, False),
        (["null"] * 6, None, True),
    ],
)
def test_a_house_rule_is_the_very_value_of_nearly_all_tasks(kinds, value, expected):
    assert is_house_rule("find", "kind", value, tasks_that_pass(*kinds)) is expected


def test_an_argument_that_no_call_has_is_not_null():
    assert not is_house_rule("find", "other", None, tasks_that_pass(*["open"] * 6))


def test_a_step_asks_for_a_part_if_other_calls_pass_another_text():
    asking = Step(tool="find", args={"kind": Constant(value="open")})
    assert asks_for_a_part(asking, tasks_that_pass("open", "open", "done"))
    assert not asks_for_a_part(asking, tasks_that_pass("open", "open"))
    assert not asks_for_a_part(Step(tool="find", args={"kind": Constant(value="")}), tasks_that_pass("open"))
    assert not asks_for_a_part(Step(tool="find", args={"kind": Parameter(name="k")}), tasks_that_pass("open"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("in review", False),
        ("in review now", True),
        ("a" * 24, False),
        ("a" * 25, True),
        ("O-17", True),
        ("me@x", True),
        ("done.", True),
        ("", False),
        ([], False),
        (["open", "2024-05-01"], True),
        ({"kind": "open"}, False),
        ({"kind": {"on": "2024-05-01"}}, True),
        (None, False),
        (17, False),
        ("überfällig", False),
    ],
)
def test_states_and_switches_are_no_data(value, expected):
    assert looks_like_data(value) is expected
