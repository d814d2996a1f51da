"""Every format tells the same invented run, however it is written down."""

from __future__ import annotations

import gzip
import json

import pytest

from langchain_awo.capture.importers import ImportSummary, import_traces
from langchain_awo.errors import ImportFormatError
from langchain_awo.model.text.encoding import decode
from tests.capture.importers.invented import ANSWERED, ASKED, FAILURE, MODEL, OUTPUT, THOUGHT
from tests.capture.importers.samples import SAMPLES

EVERY = pytest.mark.parametrize("name", SAMPLES)
WITHOUT_TOOLS = {
    "anthropic",
    "bedrock",
    "gemini",
    "vercel",
    "responses",
    "langchain",
    "claude-code",
    "codex",
    "inspect",
}


def told(trace):
    """What matters of a trace, the ids of calls aside."""
    return (
        [(message.role, message.text, message.before) for message in trace.messages],
        [call.text for call in trace.model_calls],
        [(call.name, call.args, call.status, call.model_call) for call in trace.tool_calls],
    )


def imported(source, **options):
    summary = ImportSummary()
    (trace,) = import_traces(source, summary=summary, **options)
    assert (summary.bad_lines, summary.unread) == (0, {})
    return trace


def written(tmp_path, name, form):
    records = SAMPLES[name][1]()
    path = tmp_path / f"{name}.json"
    if form == "gzip":
        path.write_bytes(gzip.compress("\n".join(map(json.dumps, records)).encode()))
        return path
    texts = {
        "lines": "\n".join(map(json.dumps, records)),
        "array": json.dumps(records, indent=2),
        "indented": "\n".join(json.dumps(record, indent=2) for record in records),
    }
    path.write_text(texts[form])
    return path


@EVERY
@pytest.mark.parametrize("form", ["lines", "array", "indented", "gzip"])
def test_the_run_is_recognised_and_told(tmp_path, name, form):
    """As JSON lines, as one array, as indented objects, compressed."""
    assert told(imported(written(tmp_path, name, form))) == (
        [("user", ASKED, 0)],
        [THOUGHT, ANSWERED],
        [("get_pool", {"id": 3}, "ok", 0), ("get_pool", {"id": 9}, "error", 0)],
    )


@EVERY
def test_outputs_errors_and_the_model_come_in(name):
    """From wherever the format has them; nobody says the model of bare items."""
    trace = imported(SAMPLES[name][1]())
    done, failed = trace.tool_calls
    assert decode(done.output) == json.loads(OUTPUT)
    assert FAILURE in failed.error
    assert {call.model for call in trace.model_calls} == ({""} if name == "responses" else {MODEL})


@EVERY
def test_the_tools_that_were_offered_come_in_where_they_are_told(name):
    (tool,) = imported(SAMPLES[name][1]()).tools
    assert (tool.name, tool.parameters) == ("get_pool", {} if name in WITHOUT_TOOLS else {"type": "object"})


@EVERY
def test_a_format_that_is_said_is_held_to(tmp_path, name):
    """The right one is read; another one is named, once."""
    form, make = SAMPLES[name]
    assert imported(make(), format=form)
    with pytest.raises(
        ImportFormatError, match=f"not {'chat' if form != 'messages' else 'a log'}.* as {form}"
    ):
        list(import_traces(make(), "messages" if form != "messages" else "inspect"))


@EVERY
def test_a_trace_has_the_same_id_every_time(name):
    make = SAMPLES[name][1]
    assert imported(make()).trace_id == imported(make()).trace_id


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("anthropic", (10, 2, 6)),
        ("langfuse", (10, 2, 0)),
        ("genai", (10, 2, 0)),
        ("openinference", (10, 2, 0)),
    ],
)
def test_usage_counts_the_cache_as_part_of_the_input(name, usage):
    """Anthropic counts it beside the input; a request that two instrumentors saw has the usage of the one that knows it."""
    first = imported(SAMPLES[name][1]()).model_calls[0].usage
    assert (first.input_tokens, first.output_tokens, first.cached_tokens) == usage


@pytest.mark.parametrize(
    ("name", "success"), [("langsmith", True), ("langfuse", True), ("mlflow", True), ("inspect", True)]
)
def test_the_only_score_that_is_a_yes_or_a_no_is_the_outcome(name, success):
    """The others are kept beside it."""
    trace = imported(SAMPLES[name][1]())
    assert trace.success is success
    assert trace.metadata["scores"]


@pytest.mark.parametrize("name", ["langsmith", "openinference", "genai"])
def test_rows_of_many_runs_are_put_together_in_any_order(name):
    """Two runs row by row in turn, and one of them twice: each comes in once, whole."""
    make = SAMPLES[name][1]
    rows = make() if name != "genai" else make()[0]["resourceSpans"][0]["scopeSpans"][0]["spans"]
    other = json.loads(
        json.dumps(rows)
        .replace('"oi"', '"o2"')
        .replace('"r"', '"r2"')
        .replace("AAAAAQ==", "AAAAAg==")
        .replace("Zr.", "Zr2.")
    )
    mixed = [row for pair in zip(rows, reversed(other), strict=True) for row in pair]
    first, second = (told(trace) for trace in import_traces([*mixed, *rows]))
    assert first == second == told(imported(rows))
