"""The same run, recorded by us and exported by others, is the same trace; what differs is what docs/guides/import.md says."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from openinference.instrumentation.langchain import LangChainInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from langchain_awo.capture.importers import import_traces
from langchain_awo.capture.recorder import CallbackRecorder
from tests.capture.importers.round_trip import Kept, comparable, langsmith_tracer, run_agent, serialised

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "import.md"


@pytest.fixture(scope="module")
def recorded():
    kept = Kept()
    with CallbackRecorder(kept) as recorder:
        run_agent([recorder])
    (trace,) = kept
    return comparable(trace)


def explained(source):
    """What the guide's table says differs for a source."""
    table = GUIDE.read_text().partition("## What each source knows")[2]
    row = next(line for line in table.splitlines() if line.startswith(f"| {source} |"))
    return set(re.findall(r"`([^`]+)`", row.split("|")[2]))


def differences(one, other):
    """The fields in which two traces differ, those of calls by name."""
    found = set()
    for field in dataclasses.fields(one):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if mine == theirs:
            continue
        if field.name in ("model_calls", "tool_calls") and len(mine) == len(theirs):
            found |= {
                f"{field.name}.{name}" for a, b in zip(mine, theirs, strict=True) for name in unequal(a, b)
            }
        else:
            found.add(field.name)
    return found


def unequal(one, other):
    return {
        each.name for each in dataclasses.fields(one) if getattr(one, each.name) != getattr(other, each.name)
    }


def check(recorded, source, imported):
    (trace,) = imported
    assert differences(recorded, comparable(trace)) == explained(source)


def test_runs_of_langsmith(recorded, tmp_path):
    """LangSmith's own tracer, whose requests are kept: a post and a patch for each run."""
    tracer, session = langsmith_tracer()
    run_agent([tracer])
    tracer.wait_for_futures()
    (tmp_path / "runs.jsonl").write_text("\n".join(map(json.dumps, reversed(session.bodies))))
    check(recorded, "LangSmith", import_traces(tmp_path / "runs.jsonl"))


def test_spans_of_openinference(recorded, tmp_path):
    """The instrumentor of OpenInference with the exporter of OpenTelemetry, indented one after another."""
    exporter, provider, instrumentor = InMemorySpanExporter(), TracerProvider(), LangChainInstrumentor()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor.instrument(tracer_provider=provider)
    try:
        run_agent([])
    finally:
        instrumentor.uninstrument()
    spans = [span.to_json(indent=2) for span in exporter.get_finished_spans()]
    (tmp_path / "spans.json").write_text("\n".join(spans))
    check(recorded, "OpenInference", import_traces(tmp_path / "spans.json"))


def test_a_checkpointer_in_memory(recorded):
    saver = InMemorySaver()
    run_agent([], saver)
    check(recorded, "LangGraph checkpointer", import_traces(saver))


def test_the_file_of_a_checkpointer(recorded, tmp_path):
    """The database is read without LangGraph making any object of it."""
    with SqliteSaver.from_conn_string(str(tmp_path / "agent.db")) as saver:
        run_agent([], saver)
    check(recorded, "LangGraph checkpointer", import_traces(tmp_path / "agent.db"))


@pytest.mark.parametrize(
    ("form", "source"),
    [
        ("model_dump", "LangChain messages"),
        ("messages_to_dict", "LangChain messages"),
        ("dumpd", "LangChain messages"),
        ("openai", "OpenAI messages"),
    ],
)
def test_messages_in_every_serialisation(recorded, tmp_path, form, source):
    (tmp_path / "chat.json").write_text(json.dumps(serialised(run_agent([]))[form], indent=1))
    check(recorded, source, import_traces(tmp_path / "chat.json"))


def test_the_messages_themselves(recorded):
    """What `invoke` returns is good enough."""
    check(recorded, "LangChain messages", import_traces(run_agent([])))
