"""Where recordings may be: frames, tables, folders, pipes, savers, clients; and how their runs turned out."""

from __future__ import annotations

import io
import json
import os
import zipfile
from dataclasses import asdict
from types import SimpleNamespace

import pyarrow as pa
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from pyarrow import parquet

from langchain_awo.api import phases as api
from langchain_awo.capture.importers import import_traces
from langchain_awo.errors import ImportFormatError
from langchain_awo.model.text.encoding import dumps
from tests.capture.importers.chat_samples import anthropic, claude_code, inspect, openai
from tests.capture.importers.invented import ANSWERED
from tests.capture.importers.round_trip import run_agent
from tests.capture.importers.samples import SAMPLES
from tests.capture.importers.span_samples import langsmith


def text_columns(rows):
    """Rows as a table keeps them: nested values as JSON text, what is missing as null."""
    keys = {key for row in rows for key in row}
    return [
        {
            key: json.dumps(row[key]) if isinstance(row.get(key), dict | list) else row.get(key)
            for key in sorted(keys)
        }
        for row in rows
    ]


@pytest.mark.parametrize("name", ["langsmith", "openinference"])
def test_a_parquet_file_and_an_arrow_table_are_read_as_their_rows(tmp_path, name):
    """Bulk exports keep objects as JSON text."""
    rows = SAMPLES[name][1]()
    table = pa.Table.from_pylist(text_columns(rows))
    parquet.write_table(table, tmp_path / "runs.parquet")
    assert (
        list(import_traces(tmp_path / "runs.parquet"))
        == list(import_traces(table))
        == list(import_traces(rows))
    )


def test_a_frame_of_pandas_is_read_as_its_rows():
    pandas = pytest.importorskip("pandas")
    rows = langsmith()
    assert list(import_traces(pandas.DataFrame(text_columns(rows)))) == list(import_traces(rows))


def test_a_frame_of_polars_is_read_as_its_rows():
    polars = pytest.importorskip("polars")
    rows = langsmith()
    assert list(import_traces(polars.DataFrame(text_columns(rows)))) == list(import_traces(rows))


def test_objects_of_clients_say_themselves_what_they_hold():
    """Named tuples, models of pydantic, and objects with `to_dict`."""
    (record,) = openai()
    assert list(import_traces([SimpleNamespace(to_dict=lambda: record)])) == list(import_traces([record]))


def test_a_folder_and_a_pattern_are_all_their_files(tmp_path):
    """Rows of one run may lie in several files."""
    rows = langsmith()
    for number, row in enumerate(rows):
        (tmp_path / f"{number}.jsonl").write_text(json.dumps(row))
    (tmp_path / "notes.txt").write_text("not looked at")
    whole = list(import_traces(rows))
    assert list(import_traces(tmp_path)) == list(import_traces(f"{tmp_path}/*.jsonl")) == whole
    with pytest.raises(ImportFormatError, match="no file matches the pattern"):
        list(import_traces(f"{tmp_path}/*.csv"))


def snake(row):
    """A row as an export to blob storage has it: names with underscores, inputs and outputs as text."""
    names = {name: "".join(f"_{c.lower()}" if c.isupper() else c for c in name) for name in row}
    texts = {"input", "output"}
    return {
        names[name]: json.dumps(value) if name in texts and not isinstance(value, str | None) else value
        for name, value in row.items()
    }


@pytest.mark.parametrize("older", [True, False])
def test_an_export_of_langfuse_to_blob_storage_is_read_as_its_traces(tmp_path, older):
    """Scores, and in the older form traces, are in folders of their own; else each observation says the session."""
    (record,) = SAMPLES["langfuse"][1]()
    whole = record["trace"]
    session = {"session_id": whole["sessionId"], "user_id": ""}
    rows = {
        "observations": [
            snake(each) | ({} if older else session) for each in reversed(record["observations"])
        ],
        "scores": [
            {"id": n, "trace_id": whole["id"], **snake(score)} for n, score in enumerate(whole["scores"])
        ],
        "traces": [{"id": whole["id"], "timestamp": "2024-05-02 10:00:00.000000", **session}] * older,
    }
    for name, some in rows.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "2024-05-02.jsonl").write_text("\n".join(map(json.dumps, some)))
    (trace,), (same,) = import_traces(tmp_path), import_traces([record])
    assert (trace.thread_id, trace.success, trace.metadata) == (same.thread_id, True, same.metadata)
    assert (trace.messages, trace.model_calls, trace.tool_calls) == (
        same.messages,
        same.model_calls,
        same.tool_calls,
    )


def test_standard_input_and_pipes_are_read(tmp_path, monkeypatch):
    reading, writing = os.pipe()
    os.write(writing, json.dumps(openai()[0]).encode())
    os.close(writing)
    with os.fdopen(reading) as stream:
        monkeypatch.setattr("sys.stdin", stream)
        (trace,) = import_traces("-")
    assert trace.trace_id == "o"


def test_a_log_of_inspect_in_its_archive(tmp_path):
    (log,) = inspect()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", json.dumps({"eval": log["eval"]}))
        archive.writestr("samples/pool-3_epoch_1.json", json.dumps(log["samples"][0]))
    (tmp_path / "run.eval").write_bytes(packed.getvalue())
    assert list(import_traces(tmp_path / "run.eval")) == list(import_traces([log]))


def test_a_thread_is_followed_from_its_newest_checkpoint_back():
    """Two turns of one thread are one trace; what a fork left behind is not in it."""
    saver = InMemorySaver()
    run_agent([], saver)
    run_agent([], saver)
    (trace,) = import_traces(saver)
    assert [message.role for message in trace.messages] == ["user", "user"]
    assert len(trace.model_calls) == 6
    assert trace.started_at < trace.ended_at


def test_a_sub_agent_of_claude_code_is_a_trace_of_its_own():
    lines = claude_code()
    side = {"sessionId": "s-2", "isSidechain": True, "type": "user", "uuid": "q", "parentUuid": None}
    asked = {**side, "message": {"role": "user", "content": "Count them."}}
    said = {
        **side,
        "type": "assistant",
        "uuid": "p",
        "parentUuid": "q",
        "message": {"role": "assistant", "id": "m", "content": "Four."},
    }
    main, agent = import_traces([*lines, asked, said])
    assert (main.trace_id, agent.trace_id) == ("s-2", "s-2:q")
    assert [call.text for call in main.model_calls][-1] == ANSWERED
    assert [call.text for call in agent.model_calls] == ["Four."]


@pytest.mark.parametrize(
    ("rule", "success"),
    [
        ("correct", True),
        ("style>=0.3", True),
        ("style > 0.5", False),
        ("style", None),
        ("nothing", None),
        (lambda trace: len(trace.tool_calls) > 5, False),
        (lambda _: None, None),
    ],
)
def test_the_outcome_is_what_was_asked_for(rule, success):
    """A score, a score with a limit, or a function; a score between yes and no is neither."""
    (trace,) = import_traces(langsmith(), success_from=rule)
    assert trace.success is success


def test_the_outcome_may_be_a_field_of_the_record():
    (record,) = openai()
    (trace,) = import_traces([{**record, "review": {"verdict": "fail"}}], success_from="review.verdict")
    assert trace.success is False
    with pytest.raises(ImportFormatError, match="not a number"):
        list(import_traces([record], success_from="review>=good"))


def test_a_score_that_is_named_after_something_else_is_no_outcome():
    """That a run is not toxic does not say that it failed."""
    rows = langsmith()
    root = next(row for row in rows if row["id"] == "r" and "feedback_stats" in row)
    root["feedback_stats"] = {"toxicity": {"n": 1, "avg": 0.0}}
    (trace,) = import_traces(rows)
    assert (trace.success, trace.metadata["scores"]) == (None, {"toxicity": 0.0})


def test_secrets_are_masked_on_the_way_in():
    (record,) = anthropic()
    record["messages"][1]["content"][2]["input"] = {"password": "hunter2"}
    (masked,), (kept,) = (list(import_traces([record], mask=mask)) for mask in (True, False))
    assert "hunter2" not in dumps(asdict(masked))
    assert "hunter2" in dumps(asdict(kept))


def test_every_verb_reads_what_can_be_imported(tmp_path):
    """`load_traces` tells a store from recordings by what is in them."""
    (tmp_path / "runs.json").write_text(json.dumps(langsmith(), indent=1))
    (trace,) = api.load_traces(tmp_path / "runs.json")
    assert trace.trace_id == "r"
