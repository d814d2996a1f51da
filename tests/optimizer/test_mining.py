"""What is mined from runs, and the traps that real runs set."""

from __future__ import annotations

import pytest

from langchain_awo.model.metatool import MetaTool, Refused
from langchain_awo.optimizer.mining.grow import grow
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


def test_an_optional_argument_stays_optional():
    """Most runs do not say it; the step must be there for them too."""
    line = '"a{n} full{n}" find_user(a{n}) -> {"uid": "u{n}"} | get_user(u{n})'
    found = compiled(f"{runs(12, line)}\n{runs(6, line.replace('u{n})', 'u{n}, view=full{n})'), first=50)}")
    assert "get_user(id=#1/uid)" in found or "get_user(id=#1/uid, view=$view)" in found


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
    """A login is a write as far as anybody knows, and what it returns is what the reads after it need."""
    found = compiled(
        runs(
            16,
            '"a{n}" find_user(a{n}) -> {"uid": "u{n}"} | login(u{n}) -> {"token": "t{n}"} | get_mail(t{n})',
        )
    )
    assert "get_mail(id=#2/token)" in found
    lines = [line for line in found.splitlines() if line[:3].strip().isdigit()]
    assert [line.split()[1].split("(")[0] for line in lines][:3] == ["find_user", "login", "get_mail"]


def test_a_read_that_stands_behind_a_write_the_routine_does_not_make_is_no_part_of_it():
    line = f"{CHAIN} | update_order(o{{n}}, note=x{{n}}) | get_order(o{{n}})".replace('"a{n}"', '"a{n} x{n}"')
    corpus = corpus_of(runs(12, line))
    found = [each for tool in corpus.specs for each in grow(corpus, tool) if not isinstance(each, Refused)]
    assert any("get_order" in candidate.tools for candidate in found)
    for candidate in found:
        tools = [step.tool for step in candidate.steps]
        if "get_order" in tools and tools[0] != "get_order":
            assert "update_order" in tools[: tools.index("get_order")]


def test_a_write_that_is_bound_throughout_is_made_only_if_it_is_asked_for():
    found = compiled(runs(16, f"{CHAIN} | update_order(o{{n}})"))
    assert "update_order(id=#2/order)" in found
    assert "with_update_order?" in found


def test_naming_named_meta_tools_again_changes_nothing():
    """Selection prices the schema that a model is shown, and what is kept is named once more among the others."""
    line = '"please note{n}" find_user(a{n}) -> {"uid": "u{n}"} | file_note(note{n})'
    corpus = corpus_of(runs(12, line))
    (kept, *_), _ = compile_corpus(corpus, Options())
    assert name_all([kept], corpus) == [kept]
    assert {spec.name: spec.schema.get("description") for spec in kept.parameters}[
        "id"
    ] == "The id of find_user."


@pytest.mark.parametrize(("first", "last"), [("put_a", "put_z"), ("put_z", "put_a")])
def test_writes_become_steps_in_recorded_order_whatever_they_are_called(first, last):
    """The field shows what was put into it, so that a later page holds the very value that an earlier step needs."""
    page = '{"at": "e{n}", "shown": "v{n}"}'
    line = (
        '"v{n} w{n}" show_form(f{n}) -> {"at": "e{n}"} | '
        f"{first}(id=e{{n}}, value=v{{n}}) -> {page} | {last}(id=e{{n}}, value=w{{n}}) -> {page}"
    )
    found = compiled(runs(14, line))
    assert found.index(f"  {first}(") < found.index(f"  {last}(")
    assert "/shown" not in found


def test_a_write_is_no_step_behind_one_that_was_recorded_after_it():
    """`note_first` is rarer and would be found later, but it was always made before `note_last`."""
    with_first = '"n{n} m{n}" find_user(u{n}) -> {"uid": "i{n}"} | note_first(n{n}) | note_last(m{n})'
    without = '"m{n}" find_user(u{n}) -> {"uid": "i{n}"} | note_last(m{n})'
    corpus = corpus_of(runs(14, with_first) + "\n" + runs(20, without, first=40))
    grown = list(grow(corpus, "find_user"))
    assert ["note_last"] in [[step.tool for step in each.steps[1:]] for each in grown]
    assert not any([step.tool for step in each.steps[1:]] == ["note_last", "note_first"] for each in grown)


def test_of_equal_steps_the_one_that_goes_on_is_taken_before_another_branch():
    """Half of the runs go one way, half another: a routine is one way after the other, not a bit of each in turn."""
    item = '"{n}" find_item(i{n}) -> {"r": "r{n}", "q": "q{n}"}'
    one = f'{item} | note_apple(r{{n}}) -> {{"s": "s{{n}}"}} | note_zebra(s{{n}})'
    other = f'{item} | note_bear(q{{n}}) -> {{"c": "c{{n}}"}} | note_yak(c{{n}})'
    corpus = corpus_of(runs(14, one) + "\n" + runs(14, other, first=40))
    longest = max(
        (each for each in grow(corpus, "find_item") if isinstance(each, MetaTool)),
        key=lambda each: len(each.steps),
    )
    made = [step.tool for step in longest.steps[1:]]
    assert made.index("note_zebra") == made.index("note_apple") + 1
    assert made.index("note_yak") == made.index("note_bear") + 1
