"""What is mined from runs, and the traps that real runs set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from langchain_awo.model.ir.metatool import BindingEvidence, MetaTool, Refused
from langchain_awo.model.views.notation import format_meta_tool
from langchain_awo.model.views.notation_parser import parse_meta_tools
from langchain_awo.optimizer.mining.cross_validate import Thresholds
from langchain_awo.optimizer.mining.grow import grow
from langchain_awo.optimizer.mining.verify import verify
from langchain_awo.optimizer.pipeline import Options, compile_corpus
from langchain_awo.optimizer.selection.naming import name_all
from tests.optimizer.notation import corpus_of
from tests.optimizer.routines import compiled


def runs(count, line, *, first=10):
    """The same kind of run for several users, each a task of its own; `{n}` differs."""
    return "\n".join(line.replace("{n}", str(number)) for number in range(first, first + count))


CHAIN = '"a{n}" find_user(a{n}) -> {"uid": "u{n}", "name": "x{n}"} | get_user(u{n}) -> {"order": "o{n}"}'


def steps_of(found, anchor):
    """The steps of the routines that start with a tool, without comments."""
    lines = [line.split("  # ")[0].strip() for line in found.splitlines()]
    return [line for line in lines if line[:1].isdigit() and line[3:].startswith(anchor)]


def test_arguments_that_flow_are_bound_to_where_they_come_from():
    found = compiled(runs(12, f"{CHAIN} | get_order(o{{n}})"))
    assert "get_user(id=#1/uid)" in found
    assert "get_order(id=#2/order)" in found


def test_a_failing_call_before_its_repair_is_no_part_of_a_routine():
    """Every run first asks with the name, fails, and asks again with the id."""
    found = compiled(
        runs(
            12, '"a{n}" find_user(a{n}) -> {"uid": "u{n}", "name": "x{n}"} | !get_user(x{n}) | get_user(u{n})'
        )
    )
    assert "get_user(id=#1/uid)" in found
    assert "#1/name" not in found


def test_a_loop_on_one_call_in_one_run_is_not_frequent():
    line = " | ".join(["get_a(1)", "get_b(1)"] * 300)
    assert compiled(f'"1" {line}') == ""


def test_trials_of_one_task_are_no_more_evidence_than_one():
    """Twenty copies of a task could all share a coincidence."""
    assert compiled('20x task=same "a1" find_user(a1) -> {"uid": "u1"} | get_user(u1)') == ""


def test_a_routine_never_crosses_a_word_of_the_user():
    found = compiled(runs(12, '"a{n}" find_user(a{n}) -> {"uid": "u{n}"} || "go on" get_user(u{n})'))
    assert found == ""


def test_parallel_calls_alone_are_no_routine():
    assert compiled(runs(12, '"a{n} u{n}" find_user(a{n}) & get_user(u{n})')) == ""


def test_each_item_of_a_list_becomes_a_map():
    line = '"a{n}" list_orders(a{n}) -> ["o{n}1", "o{n}2", "o{n}3"] | get_order(o{n}1) | get_order(o{n}2) | get_order(o{n}3)'
    assert "get_order(id=#1/*)" in compiled(runs(12, line))


def test_what_the_items_of_a_map_do_not_hold_is_one_parameter_for_all():
    line = (
        '"a{n} full{n}" list_orders(a{n}) -> ["o{n}1", "o{n}2"] '
        "| get_order(o{n}1, view=full{n}) | get_order(o{n}2, view=full{n})"
    )
    assert "get_order(id=#1/*, view=$view)" in compiled(runs(12, line))


def test_always_the_same_is_a_constant_though_many_lists_hold_it():
    line = (
        '"a{n}" find_user(a{n}) -> {"uid": "u{n}", "states": ["open", "x{n}"]} | get_orders(u{n}, state=open)'
    )
    late = line.replace('"states": ["open"', '"states": ["late"')
    mixed = f"{runs(8, line)}\n{runs(12, late, first=50)}"
    assert 'get_orders(id=#1/uid, state="open")' in compiled(mixed)


@pytest.mark.parametrize("value", ["1", "true", '""', "null"])
def test_a_common_value_is_never_taken_from_where_it_happens_to_stand(value):
    line = (
        f'"a{{n}}" find_user(a{{n}}) -> {{"uid": "u{{n}}", "flag": {value}}} | get_user(u{{n}}, all={value})'
    )
    varied = line.replace(f'"flag": {value}', '"flag": 7')
    found = compiled(f"{runs(8, line)}\n{runs(12, varied, first=50)}")
    assert "flag" not in found
    assert f"all={value}" in found


@pytest.mark.parametrize(("without", "with_it"), [(12, 6), (6, 12)])
def test_an_argument_that_only_some_runs_give_is_left_out_of_the_step(without, with_it):
    """The step must be there for the other runs too, and nothing that is known says when it is given."""
    line = '"a{n} full{n}" find_user(a{n}) -> {"uid": "u{n}"} | get_user(u{n})'
    more = line.replace("u{n})", "u{n}, view=full{n})")
    found = compiled(f"{runs(without, line)}\n{runs(with_it, more, first=50)}")
    assert "get_user(id=#1/uid)" in found
    assert "view" not in found


def test_an_argument_of_the_first_call_that_only_some_runs_give_is_optional():
    line = '"a{n} full{n}" find_user(a{n}) -> {"uid": "u{n}"} | get_user(u{n})'
    more = line.replace("find_user(a{n})", "find_user(a{n}, view=full{n})")
    found = compiled(f"{runs(12, line)}\n{runs(6, more, first=50)}")
    assert "find_user(id=$id, view?=$view)" in found
    assert "(id, view?)" in found


@pytest.mark.parametrize(
    "output",
    ['{"a": {"uid": "u{n}"}}', "{'a': {'uid': 'u{n}'}}", "u{n}"],
    ids=["json", "python", "text"],
)
def test_outputs_are_read_in_every_shape(output):
    found = compiled(runs(12, f'"a{{n}}" find_user(a{{n}}) -> {output} | get_user(u{{n}})'))
    assert "get_user(id=#1)" in found or "get_user(id=#1/a/uid)" in found


def test_a_destructive_tool_is_refused_unless_it_is_declared_otherwise():
    corpus = corpus_of(runs(12, f"{CHAIN} | cancel_order(o{{n}})"))
    meta_tools, refused = compile_corpus(corpus, Options())
    assert all("cancel_order" not in each.tools for each in meta_tools)
    (refusal,) = (each for each in refused if each.routine == ("cancel_order",))
    assert (refusal.code, refusal.occurrences) == ("destructive", 12)


def test_a_protected_tool_is_in_no_routine():
    corpus = corpus_of(runs(12, f"{CHAIN} | get_order(o{{n}})"))
    meta_tools, refused = compile_corpus(corpus, Options(protected=frozenset({"get_user"})))
    assert all("get_user" not in each.tools for each in meta_tools)
    assert ("protected", ("get_user",)) in [(each.code, each.routine) for each in refused]


def test_what_is_read_after_a_write_follows_the_write_in_the_routine():
    """What a session returns is what the reads after it need; such a routine is compiled if writes may be."""
    line = '"a{n}" find_user(a{n}) -> {"uid": "u{n}"} | create_session(u{n}) -> {"token": "t{n}"} | get_mail(t{n})'
    corpus = corpus_of(runs(30, line))
    grown = [each for each in grow(corpus, "find_user", writes=True) if isinstance(each, MetaTool)]
    assert ["find_user", "create_session"] in [[step.tool for step in each.steps] for each in grown]
    assert "create_session" not in compiled(runs(30, line))
    found = compiled(runs(30, line), writes="guarded")
    assert "create_session(id=#1/uid)" in found
    assert "get_mail(id=#2/token)" in found


def test_a_read_that_stands_behind_a_write_the_routine_does_not_make_is_no_part_of_it():
    line = f"{CHAIN} | update_order(o{{n}}, note=x{{n}}) | get_order(o{{n}})".replace('"a{n}"', '"a{n} x{n}"')
    corpus = corpus_of(runs(12, line))
    found = [
        each
        for tool in corpus.specs
        for each in grow(corpus, tool, writes=True)
        if not isinstance(each, Refused)
    ]
    assert found
    for candidate in found:
        tools = [step.tool for step in candidate.steps]
        if "get_order" in tools and tools[0] != "get_order":
            assert "update_order" in tools[: tools.index("get_order")]


def test_a_write_is_no_step_unless_writes_may_be_compiled_and_agents_always_went_on_to_it():
    always = runs(30, f"{CHAIN} | update_order(o{{n}})")
    sometimes = runs(30, CHAIN, first=50)
    assert "update_order" not in compiled(always)
    assert "update_order(id=#2/order)" in compiled(always, writes="guarded")
    assert "update_order" not in compiled(f"{always}\n{sometimes}", writes="guarded")


DELIVERED = '"o{n} because{n}" get_order(o{n}) -> {"status": "delivered", "total": 70} | update_order(o{n}, reason=because{n})'
OPEN = '"o{n} because{n}" get_order(o{n}) -> {"status": "open", "total": 70}'


def test_a_write_that_a_condition_explains_is_guarded_by_it_with_the_counts_of_both_sides():
    found = compiled(f"{runs(40, DELIVERED)}\n{runs(30, OPEN, first=60)}", writes="guarded")
    assert "update_delivered_order(id, reason)" in found
    assert 'stop unless #1/status == "delivered" (40 of 40, and 30 of 30 others did not)' in found


def test_a_write_that_no_condition_explains_is_left_to_the_agent_and_the_counts_say_why():
    undecided = OPEN.replace('"open"', '"delivered"')
    corpus = corpus_of(f"{runs(40, DELIVERED)}\n{runs(30, undecided, first=60)}")
    meta_tools, refused = compile_corpus(corpus, Options(writes="guarded"))
    assert meta_tools == []
    (decided,) = (each for each in refused if each.code == "decided")
    assert "update_order follows get_order in 40 of 70 places: the agents decide" in decided.reason


def test_the_target_of_a_write_is_never_a_position_in_a_list():
    """Agents always booked the first hotel: that is theirs to decide."""
    line = '"c{n} t{n}" search_hotels(c{n}) -> {"hotels": ["h{n}", "k{n}"]} | book_hotel(h{n})'
    assert "book_hotel" not in compiled(runs(40, line), writes="guarded")


def test_naming_named_meta_tools_again_changes_nothing():
    """Selection prices the schema that a model is shown, and what is kept is named once more among the others."""
    line = '"please kind{n}" find_user(a{n}) -> {"uid": "u{n}"} | get_notes(u{n}, kind=kind{n})'
    corpus = corpus_of(runs(12, line))
    (kept, *_), _ = compile_corpus(corpus, Options())
    assert [(spec.name, spec.required) for spec in kept.parameters] == [("id", True), ("kind", True)]
    assert name_all([kept], corpus) == [kept]


@pytest.mark.parametrize(("first", "last"), [("put_a", "put_z"), ("put_z", "put_a")])
def test_writes_become_steps_in_recorded_order_whatever_they_are_called(first, last):
    """The field shows what was put into it, so that a later page holds the very value that an earlier step needs."""
    page = '{"at": "e{n}", "shown": "v{n}"}'
    line = (
        '"v{n} w{n}" show_form(f{n}) -> {"at": "e{n}"} | '
        f"{first}(id=e{{n}}, value=v{{n}}) -> {page} | {last}(id=e{{n}}, value=w{{n}}) -> {page}"
    )
    grown = [
        each
        for each in grow(corpus_of(runs(30, line)), "show_form", writes=True)
        if isinstance(each, MetaTool)
    ]
    found = "\n".join(map(format_meta_tool, grown))
    assert found.index(f"  {first}(") < found.index(f"  {last}(")
    assert "/shown" not in found


def test_a_write_that_always_comes_before_another_is_never_left_out():
    """`lock_order` stood before `update_address` in every run, so nothing updates an address without it."""
    line = '"o{n} a{n}" get_order(o{n}) -> {"key": "k{n}"} | lock_order(k{n}) | update_address(k{n}, to=a{n})'
    grown = [
        each
        for each in grow(corpus_of(runs(40, line)), "get_order", writes=True)
        if isinstance(each, MetaTool)
    ]
    tools = [[step.tool for step in each.steps] for each in grown]
    assert ["get_order", "lock_order", "update_address"] in tools
    assert not any("update_address" in each and "lock_order" not in each for each in tools)


def test_where_agents_go_on_to_different_writes_they_decide():
    with_first = '"n{n} m{n}" find_user(u{n}) -> {"uid": "i{n}"} | update_first(i{n}) | update_last(i{n})'
    without = '"m{n}" find_user(u{n}) -> {"uid": "i{n}"} | update_last(i{n})'
    corpus = corpus_of(runs(14, with_first) + "\n" + runs(20, without, first=40))
    grown = [each for each in grow(corpus, "find_user", writes=True) if isinstance(each, MetaTool)]
    assert not any(step.tool.startswith("update") for each in grown for step in each.steps)


def test_of_equal_steps_the_one_that_goes_on_is_taken_before_another_branch():
    """Half of the runs go one way, half another: a routine is one way after the other, not a bit of each in turn."""
    item = '"{n}" find_item(i{n}) -> {"r": "r{n}", "q": "q{n}"}'
    one = f'{item} | get_apple(r{{n}}) -> {{"s": "s{{n}}"}} | get_zebra(s{{n}})'
    other = f'{item} | get_bear(q{{n}}) -> {{"c": "c{{n}}"}} | get_yak(c{{n}})'
    corpus = corpus_of(runs(14, one) + "\n" + runs(14, other, first=40))
    longest = max(
        (each for each in grow(corpus, "find_item") if isinstance(each, MetaTool)),
        key=lambda each: len(each.steps),
    )
    made = [step.tool for step in longest.steps[1:]]
    assert made.index("get_zebra") == made.index("get_apple") + 1
    assert made.index("get_yak") == made.index("get_bear") + 1


def test_a_step_keeps_what_the_trial_showed_in_which_it_was_found():
    """Found fold by fold it was tried harder than when it is held against all runs at once."""
    (routine,) = parse_meta_tools(
        "user(id)\n  1  find_user(id=$id)  # reads\n  2  get_user(id=#1/uid)  # reads"
    )
    found = replace(
        routine.steps[1], evidence={"/id": BindingEvidence(held_out_agree=3, held_out_contradict=2)}
    )
    corpus = corpus_of('8x "a{n}" find_user(a{n}) -> {"uid": "u{n}"} | get_user(u{n})')
    for step, expected in (
        (found, found.evidence),
        (routine.steps[1], {"": BindingEvidence(held_out_agree=8)}),
    ):
        kept, _ = verify(replace(routine, steps=(routine.steps[0], step)), corpus, Thresholds())
        assert kept.steps[1].evidence == expected
