"""What meta-tools did counts as if a model had asked for each call, once."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.trace.handback import FETCHED_NOTE
from langchain_awo.model.trace.trace import (
    Message,
    ModelCallRecord,
    ReplayMark,
    TokenUsage,
    ToolCallRecord,
    ToolSpec,
    Trace,
)
from langchain_awo.optimizer.log.echo import Echo
from langchain_awo.optimizer.log.inline import without_echo
from langchain_awo.optimizer.log.inner_calls import UNNAMED
from tests.optimizer.echoing import asked

USAGE = TokenUsage(input_tokens=100, output_tokens=5)


def call(name, index=None, *, inside=None, step=None, **more):
    """A call that model call `index` issued, or one that a meta-tool made as its `step`."""
    replayed = {"parent_id": inside, "replay": ReplayMark(meta_tool="orders_of", step=step)} if step else {}
    fields = {"call_id": f"{name}{index}{step}{more.get('args', '')}", "started_at": 1.0, "output": "x"}
    return ToolCallRecord(name=name, model_call=index, **{**fields, **replayed, **more})


def trace(*calls, model_calls, said=(0,)):
    return Trace(
        trace_id="t",
        messages=tuple(Message(role="user", text=f"m{before}", before=before) for before in said),
        model_calls=tuple(
            ModelCallRecord(usage=USAGE, text=f"said {n}", offered=("find", "orders_of"))
            for n in range(model_calls)
        ),
        tool_calls=calls,
        tools=(ToolSpec(name="find"), ToolSpec(name="orders_of")),
    )


def expanded(given, meta_tools=("orders_of",)):
    (found,), echo = without_echo([given], frozenset(meta_tools))
    return found, echo


def rounds(found):
    """The names of the calls of each model call."""
    return [[each.name for each in found.tool_calls_of(n)] for n in range(len(found.model_calls))]


USED = (
    call("orders_of", 0, call_id="c"),
    call("find", inside="c", step=1),
    call("orders", inside="c", step=2),
    call("order", inside="c", step=3, args={"id": 1}),
    call("order", inside="c", step=3, args={"id": 2}),
)


def test_a_call_of_a_meta_tool_counts_as_its_steps():
    found, echo = expanded(trace(*USED, model_calls=2))
    assert rounds(found) == [["find"], ["orders"], ["order"], ["order"], []]
    assert (echo.uses, echo.model_calls) == ({"orders_of": 1}, 3)
    assert all(each.replay is None and each.parent_id is None for each in found.tool_calls)


def test_nothing_of_the_toolkit_is_left():
    found, _ = expanded(trace(*USED, model_calls=2))
    assert [spec.name for spec in found.tools] == ["find"]
    assert {each.offered for each in found.model_calls} == {("find",)}
    unused, echo = expanded(trace(call("find", 0), model_calls=2))
    assert [spec.name for spec in unused.tools] == ["find"]
    assert echo == Echo()


def test_a_model_call_that_is_put_back_costs_as_much_as_the_one_before_it_and_says_nothing():
    found, _ = expanded(trace(*USED, model_calls=2))
    assert [each.usage for each in found.model_calls] == [USAGE] * 5
    assert [each.text for each in found.model_calls] == ["said 0", "", "", "", "said 1"]


def test_messages_stay_where_they_were():
    later = [
        call("orders_of", 2, call_id="d"),
        call("find", inside="d", step=1),
        call("orders", inside="d", step=2),
    ]
    found, _ = expanded(trace(*USED, *later, model_calls=4, said=(0, 2, 3)))
    assert rounds(found) == [["find"], ["orders"], ["order"], ["order"], [], ["find"], ["orders"], []]
    assert [message.before for message in found.messages] == [0, 5, 7]


def test_calls_that_the_model_made_beside_it_stay_beside_the_first_step():
    found, _ = expanded(trace(call("stock", 0), *USED, call("price", 0), model_calls=2))
    assert rounds(found)[0] == ["stock", "find", "price"]


def test_items_of_a_list_are_asked_for_at_once_where_models_do_so():
    """In the rest of the recordings; without any they are asked for one by one."""
    at_once = trace(call("order", 0, args={"id": 7}), call("order", 0, args={"id": 8}), model_calls=2)
    (found, _), _ = without_echo([trace(*USED, model_calls=2), replace(at_once, trace_id="u")], {"orders_of"})
    assert rounds(found) == [["find"], ["orders"], ["order", "order"], []]


def test_what_ran_unasked_counts_as_asked_for_behind_its_anchor():
    fetched = [call("orders", step=2), call("order", step=3, args={"id": 1})]
    found, echo = expanded(trace(call("find", 0), *fetched, call("pay", 1), model_calls=3))
    assert rounds(found) == [["find"], ["orders"], ["order"], ["pay"], []]
    assert echo.continued == {"orders_of": 2}


def test_what_ran_unasked_and_was_not_used_is_left_out():
    """A routine is not borne out by what it fetched itself; what led to something that was used counts too."""
    orders = call("orders", step=2, output={"orders": ["O-77"]})
    order = call("order", step=3, args={"id": "O-77"}, output={"total": 1234})
    stock = call("stock", step=4, args={"of": "O-77"}, output={"left": 5678})
    given = trace(call("find", 0), orders, order, stock, model_calls=2)
    said = (given.model_calls[0], replace(given.model_calls[1], text="It cost 1,234 euros."))
    found, echo = expanded(replace(given, model_calls=said))
    assert rounds(found) == [["find"], ["orders"], ["order"], []]
    assert (echo.continued, echo.unused) == ({"orders_of": 2}, {"orders_of": 1})


def test_what_ran_unasked_and_failed_is_nobodys():
    found, echo = expanded(trace(call("find", 0), call("orders", step=2, status="error"), model_calls=2))
    assert rounds(found) == [["find"], []]
    assert not echo.continued


def test_a_call_that_was_served_from_what_was_fetched_counts_once_where_it_was_asked_for():
    served = call("orders", 2, started_at=None)
    found, _ = expanded(trace(call("find", 0), call("orders", step=2), call("pay", 1), served, model_calls=4))
    assert rounds(found) == [["find"], ["pay"], ["orders"], []]


def test_what_ran_before_the_first_model_call_comes_behind_the_message():
    entry = [call("orders_of", call_id="c"), *USED[1:3]]
    found, _ = expanded(trace(*entry, call("pay", 0), model_calls=2))
    assert rounds(found) == [["find"], ["orders"], ["pay"], []]
    assert found.messages[0].before == 0


ANSWER = {
    "status": "completed",
    "steps": [
        {"step": 1, "tool": "find", "args": {"email": "a"}, "output": {"id": 7}},
        {"step": 2, "tool": "order", "for_each": "id", "args": {"v": 1}, "outputs": [{"id": 1}, {"id": 2}]},
        {"step": 3, "tool": "pay", "calls": [{"args": {"of": 1}, "output": "paid"}]},
    ],
}


def test_steps_are_read_back_from_the_answer_where_nothing_inside_was_recorded():
    found, echo = expanded(trace(call("orders_of", 0, output=dumps(ANSWER)), model_calls=2))
    assert asked(found) == [
        ("find", {"email": "a"}),
        ("order", {"v": 1, "id": 1}),
        ("order", {"v": 1, "id": 2}),
        ("pay", {"of": 1}),
    ]
    assert echo.from_answers == 1


def test_a_step_that_failed_is_read_back_as_failed():
    stopped = {
        "status": "stopped",
        "steps": ANSWER["steps"][:1],
        "failed": {"step": 2, "tool": "pay", "args": {"of": 7}, "error": "no money"},
    }
    found, _ = expanded(trace(call("orders_of", 0, output=dumps(stopped)), model_calls=2))
    assert [(each.name, each.status) for each in found.tool_calls] == [("find", "ok"), ("pay", "error")]


def test_what_was_fetched_is_read_back_from_below_the_answer():
    below = dumps({"note": FETCHED_NOTE, "steps": ANSWER["steps"][1:2]})
    found, echo = expanded(trace(call("find", 0, output=f'{{"id":7}}\n\n{below}'), model_calls=2))
    assert rounds(found) == [["find"], ["order"], ["order"], []]
    assert found.tool_calls[0].output == '{"id":7}'
    assert echo.continued == {UNNAMED: 2}


def test_what_the_answer_does_not_say_is_left_out_and_counted():
    cut = {**ANSWER, "steps": [{**ANSWER["steps"][0], "note": "cut: the first 10 of 99 characters"}]}
    for output in (
        dumps(cut),
        "orders_of cannot be used here: it is disabled",
        None,
        dumps({"status": "completed"}),
    ):
        found, echo = expanded(trace(call("orders_of", 0, output=output), call("pay", 1), model_calls=3))
        assert rounds(found) == [["pay"], []]
        assert echo.dropped == {"orders_of": 1}


def test_of_two_calls_of_one_model_call_only_the_unknown_is_left_out():
    found, _ = expanded(trace(call("orders_of", 0, output="?"), call("pay", 0), model_calls=2))
    assert rounds(found) == [["pay"], []]


@st.composite
def recorded(draw):
    """A trace in which some of the model's calls are of a meta-tool, some with calls inside, and some are continued."""
    calls, index = [], 0
    for index in range(draw(st.integers(1, 6))):
        for place in range(draw(st.integers(0, 3))):
            kind = draw(st.sampled_from(["plain", "used", "unknown", "continued"]))
            call_id = f"{index}.{place}"
            name = "orders_of" if kind in ("used", "unknown") else draw(st.sampled_from("abc"))
            calls.append(call(name, index, call_id=call_id, args={"n": call_id}))
            steps = draw(st.lists(st.integers(1, 4), max_size=4)) if kind in ("used", "continued") else []
            inside = call_id if kind == "used" else None
            calls += [
                call(
                    f"step{step}",
                    inside=inside,
                    step=step,
                    call_id=f"{call_id}/{n}",
                    args={"n": f"{call_id}/{n}"},
                )
                for n, step in enumerate(sorted(steps))
            ]
    said = sorted({0, *draw(st.lists(st.integers(0, index + 1), max_size=3))})
    return trace(*calls, model_calls=index + 2, said=said)


@given(recorded())
def test_no_call_is_lost_or_made_up_and_everything_keeps_its_place(given_trace):
    found, echo = expanded(given_trace)
    wanted = [each.call_id for each in given_trace.tool_calls if each.name != "orders_of"]
    kept = [each.call_id for each in found.tool_calls]
    assert sorted(kept) == sorted(wanted)
    plain = [each.call_id for each in given_trace.tool_calls if each.name in "abc"]
    assert [each for each in kept if each in plain] == plain
    places = [each.model_call for each in found.tool_calls]
    assert places == sorted(places)
    assert len(found.model_calls) >= len(given_trace.model_calls) + echo.model_calls - echo.dropped.total()
    for before, after in zip(given_trace.messages, found.messages, strict=True):
        assert later_calls(given_trace, before) & set(plain) == later_calls(found, after) & set(plain)


@given(recorded())
def test_what_has_no_echo_any_more_stays_as_it_is(given_trace):
    once, _ = expanded(given_trace)
    twice, echo = expanded(once)
    assert twice == once
    assert echo == Echo()


def later_calls(of_trace, message):
    """Ids of the calls that were issued when the message could be read."""
    return {each.call_id for each in of_trace.tool_calls if (each.model_call or 0) >= message.before}


def told_twice(*, wanted):
    """Two uses that both read a note unasked; the agent speaks of it only after the second, if at all."""
    note = {"args": {"order": "o-77"}, "output": {"text": "note-4711"}}
    return trace(
        call("orders_of", 0, call_id="one"),
        call("find", inside="one", step=1, args={"email": "a"}, output={"id": "u-1234"}),
        call("get_note", inside="one", step=2, call_id="n1", **note),
        call("orders_of", 1, call_id="two", args={"id": "u-1234"}),
        call("order", inside="two", step=1, args={"id": "u-1234"}, output={"state": "overdue"}),
        call("get_note", inside="two", step=2, call_id="n2", **note),
        model_calls=3,
    ), ("It is overdue, says note-4711." if wanted else "It is overdue.")


def with_answer(given, text):
    *others, last = given.model_calls
    return replace(given, model_calls=(*others, replace(last, text=text)))


def test_a_read_that_was_in_vain_is_in_vain_again_when_nothing_of_it_comes_back():
    """What it returned stands in the context since the first time, and that alone shows no use."""
    found, echo = expanded(with_answer(*told_twice(wanted=False)))
    assert rounds(found) == [["find"], ["order"], []]
    assert echo.unused == {"orders_of": 2}


def test_a_read_that_was_in_vain_counts_where_it_is_used_the_second_time():
    found, echo = expanded(with_answer(*told_twice(wanted=True)))
    assert rounds(found) == [["find"], ["order"], ["get_note"], []]
    assert echo.unused == {"orders_of": 1}


def test_a_number_that_was_asked_for_and_comes_back_as_text_is_nothing_new():
    """The agent says the number because the first call returned it, not because the second one repeats it."""
    found, echo = expanded(
        with_answer(
            trace(
                call("orders_of", 0, call_id="c"),
                call("find", inside="c", step=1, args={"email": "a"}, output={"shelf": 466873}),
                call(
                    "get_shelf",
                    inside="c",
                    step=2,
                    args={"shelf": 466873},
                    output="shelf: 466873\nrow: r-8120",
                ),
                model_calls=2,
            ),
            "It is on shelf 466873.",
        )
    )
    assert rounds(found) == [["find"], []]
    assert echo.unused == {"orders_of": 1}
