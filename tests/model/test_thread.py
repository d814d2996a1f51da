"""The runs of one thread become one trace."""

from __future__ import annotations

import pytest

from langchain_awo.model.trace.thread import join_threads
from langchain_awo.model.trace.trace import Attempt, Message, ModelCallRecord, ToolCallRecord, ToolSpec, Trace


def said(*texts, before=0):
    return tuple(Message(role="user", text=text, before=before) for text in texts)


def run(trace_id, start, *, messages=(), calls=(), models=1, **more):
    return Trace(
        trace_id=trace_id,
        thread_id="t",
        started_at=start,
        ended_at=start + 1,
        messages=messages,
        model_calls=(ModelCallRecord(),) * models,
        tool_calls=calls,
        **more,
    )


def call(call_id, *, status="ok", model_call=None, start=1.0, **more):
    return ToolCallRecord(
        call_id=call_id, name="pay", status=status, model_call=model_call, started_at=start, **more
    )


def test_traces_without_a_thread_and_single_runs_are_left_as_they_are():
    traces = [Trace(trace_id="a"), run("b", 1.0), Trace(trace_id="a")]
    assert all(mine is given for mine, given in zip(join_threads(traces), traces, strict=True))


def test_runs_are_joined_in_the_order_of_time_where_the_first_one_stood():
    other = Trace(trace_id="x")
    joined, same = join_threads([run("late", 9.0, models=2), other, run("early", 1.0)])
    assert same is other
    assert (joined.trace_id, joined.started_at, joined.ended_at) == ("early", 1.0, 10.0)
    assert len(joined.model_calls) == 3


def test_positions_are_shifted_behind_the_model_calls_of_earlier_runs():
    first = run("a", 1.0, models=2, calls=(call("1", model_call=1),), messages=said("hi"))
    second = run("b", 2.0, models=2, calls=(call("2", model_call=0),), messages=said("hi", "more"))
    (joined,) = join_threads([first, second])
    assert [(c.call_id, c.model_call) for c in joined.tool_calls] == [("1", 1), ("2", 2)]
    assert [(m.text, m.before) for m in joined.messages] == [("hi", 0), ("more", 2)]


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        (["a"], ["a"], ["a"]),  # a resume
        (["yes"], ["yes", "yes"], ["yes", "yes"]),
        (["a", "b", "c"], ["b", "c", "d"], ["a", "b", "c", "d"]),  # the history was trimmed
        (["a", "b", "c"], ["summary", "c", "d"], ["a", "b", "c", "summary", "d"]),
        (["a", "a", "b"], ["a", "b", "a"], ["a", "a", "b", "a"]),
        (["a", "b", "a", "b", "c"], ["a", "b", "c", "a"], ["a", "b", "a", "b", "c", "a"]),
        (["a"], [], ["a"]),
        ([], ["a"], ["a"]),
    ],
)
def test_history_that_a_run_repeats_is_not_said_again(first, second, joined):
    runs = [run("a", 1.0, messages=said(*first)), run("b", 2.0, messages=said(*second))]
    assert [message.text for message in join_threads(runs)[0].messages] == joined


def test_a_system_prompt_stands_once():
    prompt = (Message(role="system", text="be kind", before=0),)
    joined = join_threads([run("a", 1.0, messages=prompt), run("b", 2.0, messages=prompt)])[0]
    assert joined.messages == prompt


def test_a_call_that_was_resumed_has_the_attempts_of_both_runs():
    asked = call("1", status="interrupted", model_call=0, args={"n": 1}, scope="s")
    done = call("1", start=5.0, args={"n": 2}, output="paid", ended_at=6.0)
    (joined,) = join_threads([run("a", 1.0, calls=(asked,)), run("b", 2.0, calls=(done,))])
    (record,) = joined.tool_calls
    assert (record.status, record.output, record.args) == ("ok", "paid", {"n": 2})
    assert (record.model_call, record.scope, record.started_at, record.ended_at) == (0, "s", 1.0, 6.0)
    assert record.attempts == (
        Attempt(status="interrupted", started_at=1.0),
        Attempt(status="ok", started_at=5.0, ended_at=6.0),
    )


def test_the_last_success_decides():
    statuses = ["error", "ok", "ok", "error"]
    runs = [
        run(str(i), float(i), calls=(call("1", status=status, start=float(i), output=i),))
        for i, status in enumerate(statuses)
    ]
    (record,) = join_threads(runs)[0].tool_calls
    assert (record.status, record.output) == ("ok", 2)
    assert [attempt.status for attempt in record.attempts] == statuses


def test_a_call_that_was_only_issued_is_no_attempt():
    issued = call("1", status="interrupted", model_call=0, start=None)
    runs = [run("a", 1.0, calls=(issued,)), run("b", 2.0, calls=(call("1", start=5.0),))]
    (record,) = join_threads(runs)[0].tool_calls
    assert (record.model_call, record.attempts, record.started_at) == (0, (), 5.0)


def test_being_told_again_of_a_finished_call_changes_nothing():
    done = call("1", model_call=0, output="paid")
    told = call("1", status="error", start=None, output="old news")
    assert join_threads([run("a", 1.0, calls=(done,)), run("b", 2.0, calls=(told,))])[0].tool_calls == (done,)


def test_an_id_that_a_later_model_call_uses_again_is_another_call():
    first = run("a", 1.0, calls=(call("1", model_call=0),))
    inner = ToolCallRecord(call_id="i", name="x", parent_id="1")
    second = run("b", 2.0, calls=(call("1", model_call=0), inner))
    third = run("c", 3.0, calls=(call("1", status="error"),))
    (joined,) = join_threads([first, second, third])
    assert [(c.call_id, c.model_call, c.parent_id) for c in joined.tool_calls] == [
        ("1", 0, None),
        ("1~2", 1, None),
        ("i", None, "1~2"),
    ]
    assert [len(c.attempts) for c in joined.tool_calls] == [0, 2, 0]


def test_what_is_known_of_a_run_is_taken_from_the_first_that_knows_it():
    known = {"task_id": "t1", "trial": 2, "domain": "d", "model": "m", "tags": ("y",)}
    tool = ToolSpec(name="pay", parameters={"type": "object"})
    first = run("a", 1.0, tags=("x",), metadata={"k": 1}, tools=(ToolSpec(name="pay"),), success=True)
    second = run("b", 2.0, **known, metadata={"k": 2, "l": 3}, tools=(tool,), success=False)
    (joined,) = join_threads([first, second])
    assert (joined.task_id, joined.trial, joined.domain, joined.model) == ("t1", 2, "d", "m")
    assert (joined.tags, joined.metadata) == (("x", "y"), {"k": 1, "l": 3})
    assert joined.tools == (tool,)
    assert joined.success is False


def fresh(trace_id, start, text, **more):
    return run(trace_id, start, messages=said(text), metadata={"awo_conversation": "fresh"}, **more)


def test_runs_that_share_nothing_but_the_id_of_a_thread_are_conversations_of_their_own(caplog):
    joined = join_threads([fresh("a", 1.0, "one"), fresh("b", 2.0, "two"), fresh("c", 3.0, "one")])
    assert [(trace.trace_id, trace.task_key) for trace in joined] == [("a", "t"), ("b", "t~2"), ("c", "t~3")]
    (warning,) = caplog.records
    assert "the thread 't' is shared by 3 runs that make 3 conversations" in warning.getMessage()


def test_runs_without_the_mark_of_a_recorder_are_told_by_what_they_repeat():
    joined = join_threads([run("a", 1.0, messages=said("one")), run("b", 2.0, messages=said("two"))])
    assert [trace.trace_id for trace in joined] == ["a", "b"]


def test_a_task_that_was_given_is_kept_also_in_one_conversation():
    first = run("a", 1.0, messages=said("one"), task_id="t1")
    second = run("b", 2.0, messages=said("one", "two"), task_id="t2")
    third = run("c", 3.0, messages=said("one", "two", "three"))
    joined = join_threads([first, second, third])
    assert [(trace.trace_id, trace.task_key, trace.thread_id) for trace in joined] == [
        ("a", "t1", "t"),
        ("b", "t2", "t"),
    ]
    assert len(joined[1].model_calls) == 2


def test_a_run_goes_on_with_the_conversation_whose_words_it_repeats():
    runs = [fresh("a", 1.0, "one"), fresh("b", 2.0, "two"), run("c", 3.0, messages=said("one", "more"))]
    joined = join_threads(runs)
    assert [[m.text for m in trace.messages] for trace in joined] == [["one", "more"], ["two"]]


def test_a_run_that_was_sent_a_summary_goes_on():
    later = run("b", 2.0, messages=said("two"), metadata={"awo_conversation": "continued"})
    assert [m.text for m in join_threads([fresh("a", 1.0, "one"), later])[0].messages] == ["one", "two"]


def test_a_call_that_was_left_open_is_completed_whatever_was_said():
    asked = call("1", status="interrupted", model_call=0)
    later = fresh("b", 2.0, "two", calls=(call("1", start=5.0),))
    (joined,) = join_threads([fresh("a", 1.0, "one", calls=(asked,)), later])
    assert joined.tool_calls[0].status == "ok"
