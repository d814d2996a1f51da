"""Chat messages in OpenAI's shape become traces."""

from __future__ import annotations

import gzip
import json

import pytest
from langchain_core.messages import (
    AIMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    convert_to_openai_messages,
)

from langchain_awo.capture.importers import RAW_ARGUMENTS, BadLine, ImportSummary, import_messages
from langchain_awo.model.trace.trace import Message, ToolSpec


def call(name, arguments, call_id):
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def asks(*calls, text=None):
    return {"role": "assistant", "content": text, "tool_calls": list(calls)}


def answers(call_id, content, **more):
    return {"role": "tool", "tool_call_id": call_id, "content": content, **more}


def run(*messages, **fields):
    return json.dumps({"messages": list(messages), **fields})


def only(*messages, **fields):
    """The trace of a single recorded conversation that must be read without complaint."""
    bad: list[BadLine] = []
    (trace,) = import_messages([run(*messages, **fields)], on_error=bad.append)
    assert bad == []
    return trace


def test_what_langchain_converts_comes_back_as_one_trace():
    """A converted agent run keeps its words, calls, arguments, answers and their order."""
    history = [
        SystemMessage("be brief"),
        HumanMessage("where is order 7?"),
        AIMessage("looking", tool_calls=[{"name": "get_order", "args": {"id": 7}, "id": "a"}], name="clerk"),
        ToolMessage('{"state": "sent"}', tool_call_id="a", name="get_order"),
        AIMessage("sent"),
        HumanMessage("thanks"),
        AIMessage("welcome"),
    ]
    trace = only(*convert_to_openai_messages(history), id="r1", task_id="t", trial=2, model="m", domain="d")
    assert (trace.trace_id, trace.task_id, trace.trial, trace.model, trace.domain) == ("r1", "t", 2, "m", "d")
    assert trace.messages == (
        Message(role="system", text="be brief", before=0),
        Message(role="user", text="where is order 7?", before=0),
        Message(role="user", text="thanks", before=2),
    )
    assert [(each.text, each.scope) for each in trace.model_calls] == [
        ("looking", "clerk"),
        ("sent", ""),
        ("welcome", ""),
    ]
    (order,) = trace.tool_calls
    assert (order.name, order.args, order.output, order.status, order.model_call) == (
        "get_order",
        {"id": 7},
        '{"state": "sent"}',
        "ok",
        0,
    )
    assert trace.tools == (ToolSpec(name="get_order"),)


def test_parallel_calls_belong_to_the_model_call_that_issued_them():
    """Answers that arrive in another order than the calls still reach the right call."""
    trace = only(
        asks(call("f", "{}", "a"), call("g", "{}", "b")), answers("b", "of g"), answers("a", "of f"), asks()
    )
    assert [(each.name, each.output, each.model_call) for each in trace.tool_calls] == [
        ("f", "of f", 0),
        ("g", "of g", 0),
    ]
    assert len(trace.model_calls) == 2


def test_an_id_used_again_means_the_nearest_call():
    """A provider that calls every call `call_0` still gets each answer to its own call."""
    trace = only(
        asks(call("f", "{}", "call_0")),
        answers("call_0", "1"),
        asks(call("f", "{}", "call_0")),
        answers("call_0", "2"),
    )
    assert [(each.call_id, each.output) for each in trace.tool_calls] == [
        ("call_0", "1"),
        ("call_0#2", "2"),
    ]


def test_one_id_for_two_parallel_calls_is_answered_in_their_order():
    """Two calls of one message that share an id take their answers one after the other."""
    both = asks(call("f", "{}", "x"), call("f", '{"n": 2}', "x"))
    trace = only(both, answers("x", "first"), answers("x", "second"))
    assert [each.output for each in trace.tool_calls] == ["first", "second"]


def test_a_call_without_an_answer_is_abandoned():
    """A run that was cut off shows the call whose end nobody saw."""
    (lost,) = only(asks(call("f", "{}", "a"))).tool_calls
    assert (lost.status, lost.output) == ("abandoned", None)


@pytest.mark.parametrize(
    ("written", "args"),
    [
        ('{"a": 1}', {"a": 1}),
        ({"a": 1}, {"a": 1}),
        ("", {}),
        (None, {}),
        ("null", {}),
        ('{"a": ', {RAW_ARGUMENTS: '{"a": '}),
        ("[1]", {RAW_ARGUMENTS: "[1]"}),
        ('{"card": 41111111111111111111}', {"card": 41111111111111111111}),
        ('{"a": NaN}', {"a": "NaN"}),
    ],
)
def test_arguments_are_read_as_text_or_object_and_never_lost(written, args):
    """Whatever the model wrote as arguments is in the trace."""
    (made,) = only(asks(call("f", written, "a"))).tool_calls
    assert made.args == args


def test_old_and_custom_shapes_of_calls_are_read():
    """`function_call` with the role `function`, and custom tools, are calls like any other."""
    trace = only(
        {"role": "developer", "content": "rules"},
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "1"},
        asks({"id": "c", "type": "custom", "custom": {"name": "shell", "input": "ls"}}),
    )
    assert [message.role for message in trace.messages] == ["system"]
    old, custom = trace.tool_calls
    assert (old.name, old.output, old.status) == ("f", "1", "ok")
    assert (custom.name, custom.args) == ("shell", {RAW_ARGUMENTS: "ls"})


def test_blocks_become_text():
    """Content blocks are joined; what is no text shows its type."""
    picture = {"type": "image_url", "image_url": {"url": "data:..."}}
    trace = only(
        {"role": "user", "content": [{"type": "text", "text": "see"}, picture]},
        asks(call("f", "{}", "a")),
        answers("a", [{"type": "text", "text": "seen", "id": "random"}]),
    )
    assert trace.messages[0].text == "see\n[image_url]"
    assert trace.tool_calls[0].output == "seen"


def test_the_tools_of_a_line_bring_their_shapes():
    """A line that carries OpenAI's `tools` gives each tool its description and parameters."""
    shape = {"type": "object", "properties": {"id": {"type": "integer"}}}
    shown = [{"type": "function", "function": {"name": "get", "description": "Gets.", "parameters": shape}}]
    trace = only(asks(call("other", "{}", "a")), tools=shown)
    assert trace.tools == (
        ToolSpec(name="get", description="Gets.", parameters=shape),
        ToolSpec(name="other"),
    )


def test_further_keys_of_a_line_are_kept_as_metadata():
    """What the format has no field for is not thrown away."""
    assert only(asks(), rounds_inferred=True).metadata == {"rounds_inferred": True}


@pytest.mark.parametrize(("reward", "success"), [(1.0, True), (0, False), (None, None), (True, True)])
def test_a_reward_of_one_or_zero_is_an_outcome(reward, success):
    """Benchmarks write rewards, people write true and false."""
    assert only(asks(), success=reward).success is success


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("7", "expected an object with messages, found 7"),
        ('{"id": "x", "prompt": "y"}', "it has no list of messages; its keys are: id, prompt"),
        (run({"role": "moderator"}), 'message 1: its role is "moderator", not one of system'),
        (run(7), "message 1: expected an object with a role, found a number"),
        (
            run({"role": "assistant", "tool_calls": "f"}),
            "message 1: expected a list as tool_calls, found text",
        ),
        (run(asks({"id": "a"})), "message 1: a tool call has no function name"),
        (run(asks(7)), "message 1: expected an object as tool call, found a number"),
        (run(trial="first"), "trial must be a whole number"),
        (run(success=0.5), "success must be true, false or null"),
        (run(task_id=[1]), "task_id must be text or a whole number"),
        (run(tags="a"), "tags must be a list of texts"),
        (run(tools=[7]), "tools must be a list of functions"),
        (run(id="good"), 'its id "good" is that of line 1'),
        (b'{"id": "\xff"}', "not UTF-8 text"),
    ],
)
def test_a_bad_line_is_reported_by_number_and_the_rest_is_read(line, reason):
    """A line that cannot be used is named with its reason, and the lines around it are imported."""
    bad: list[BadLine] = []
    summary = ImportSummary()
    lines = [run(asks(), id="good"), "", line, run(id="last")]
    traces = list(import_messages(lines, on_error=bad.append, summary=summary))
    assert [trace.trace_id for trace in traces] == ["good", "last"]
    assert [each.number for each in bad] == [3]
    assert bad[0].reason.startswith(reason)
    assert summary == ImportSummary(traces=2, model_calls=1, tool_calls=0, bad_lines=1)


def test_bad_lines_are_logged_when_nobody_listens(caplog):
    """Without `on_error` the log names the skipped line."""
    list(import_messages([run(), "{"]))
    assert "skipped line 2: not JSON" in caplog.text


def test_runs_without_id_get_one_from_their_content():
    """The same file gives the same ids again, and equal conversations stay apart."""
    lines = [run(asks(text="a")), run(asks(text="b")), run(asks(text="a"))]
    first = [trace.trace_id for trace in import_messages(lines)]
    assert len(set(first)) == 3
    assert [trace.trace_id for trace in import_messages(lines)] == first


def test_gzip_is_told_by_content_and_a_cut_archive_by_where_it_ends(tmp_path):
    """A compressed file needs no special name; if it breaks off, what came before is imported."""
    path = tmp_path / "runs.jsonl"
    text = "".join(run(asks(text=str(n) * 50), id=n) + "\n" for n in range(2000))
    path.write_bytes(gzip.compress(text.encode()))
    assert len(list(import_messages(path))) == 2000
    path.write_bytes(path.read_bytes()[:-200])
    bad: list[BadLine] = []
    assert 0 < len(list(import_messages(path, on_error=bad.append))) < 2000
    assert "is truncated" in bad[-1].reason


@pytest.mark.parametrize("indent", [None, 2])
def test_one_json_array_is_read_element_by_element(tmp_path, indent):
    """An array of runs is as good as lines, on one line or on many; a bad element is named by its line."""
    path = tmp_path / "runs.json"
    path.write_text(
        json.dumps([{"id": 1, "messages": []}, {"id": 2}, {"id": 3, "messages": []}], indent=indent)
    )
    bad: list[BadLine] = []
    assert [trace.trace_id for trace in import_messages(path, on_error=bad.append)] == ["1", "3"]
    assert [each.number for each in bad] == [1 if indent is None else 6]


def test_an_array_that_breaks_off_keeps_what_came_before():
    """Of a cut array, the complete runs are imported and the cut is reported."""
    bad: list[BadLine] = []
    lines = ['[{"id": "a", "messages": []},\n', '{"id": "b", "mess']
    assert [trace.trace_id for trace in import_messages(lines, on_error=bad.append)] == ["a"]
    assert "line 2: the JSON array is truncated or malformed from here on" in str(bad[0])


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"%PDF-1.7 ...", "is a PDF"),
        (b"SQLite format 3\0...", "is a SQLite database that cannot be read"),
        (b'{"langchain_awo": "traces", "schema_version": 1}\n', "is a trace store"),
        (b'{"id": "1", "run_type": "chain", "inputs": {}}\n', "is a LangSmith export of runs"),
        (b'{"resourceSpans": []}\n', "is an OpenTelemetry export"),
        (b'{"prompt": "a"}\n{"prompt": "b"}\n', "its keys are: prompt"),
        (b"\x00\x01\x02\xff", "line 1: not UTF-8 text"),
        (b"once upon a time\n", "line 1: not JSON"),
    ],
)
def test_a_file_of_another_shape_is_refused_with_what_was_found(tmp_path, content, found):
    """The error names the file, what it seems to be, and what was expected."""
    from langchain_awo.errors import ImportFormatError

    path = tmp_path / "input"
    path.write_bytes(content)
    with pytest.raises(ImportFormatError) as caught:
        list(import_messages(path, on_error=lambda _: None))
    assert found in str(caught.value)
    assert str(path) in str(caught.value)
    assert "xpected" in str(caught.value) or "recover it with sqlite3" in str(caught.value)


def test_a_missing_file_is_an_import_error(tmp_path):
    """A wrong path is named."""
    from langchain_awo.errors import ImportFormatError

    with pytest.raises(ImportFormatError, match=r"nowhere\.jsonl cannot be read"):
        list(import_messages(tmp_path / "nowhere.jsonl"))


def test_an_empty_file_has_no_runs(tmp_path):
    """Nothing in, nothing out, no error."""
    path = tmp_path / "empty.jsonl"
    path.touch()
    assert list(import_messages(path)) == []
