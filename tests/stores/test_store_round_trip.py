"""Any trace that is JSON comes back equal from every store."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from langchain_awo.model.trace.trace import (
    Attempt,
    Message,
    ModelCallRecord,
    ReplayMark,
    TokenUsage,
    ToolCallRecord,
    ToolSpec,
    Trace,
)
from langchain_awo.stores import open_store

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 2**31)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | numbers | texts
big_numbers = st.integers(2**64, 2**200).map(str)
values = st.recursive(
    scalars | big_numbers,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


def nested(levels):
    value = None
    for level in range(levels):
        value = [value] if level % 2 else {"in": value}
    return value


deep = st.integers(1, 100).map(nested)
objects = st.dictionaries(texts, values | deep, max_size=3)
times = st.none() | st.floats(0, 2e9)
statuses = st.sampled_from(["ok", "error", "interrupted", "cancelled", "abandoned"])


def maybe(strategy):
    return st.none() | strategy


def some(strategy):
    return st.lists(strategy, max_size=3).map(tuple)


attempts = st.builds(Attempt, status=statuses, error=maybe(texts), started_at=times, ended_at=times)
usages = st.builds(TokenUsage, input_tokens=counts, output_tokens=counts, cached_tokens=counts)
specs = st.builds(ToolSpec, name=texts, description=texts, parameters=objects, hints=objects)
messages = st.builds(Message, role=st.sampled_from(["user", "system"]), text=texts, before=counts)
model_calls = st.builds(
    ModelCallRecord,
    model=texts,
    usage=maybe(usages),
    scope=texts,
    text=texts,
    offered=some(texts),
    started_at=times,
    ended_at=times,
    error=maybe(texts),
)
tool_calls = st.builds(
    ToolCallRecord,
    call_id=texts,
    name=texts,
    args=objects,
    output=values | deep,
    status=statuses,
    error=maybe(texts),
    model_call=maybe(counts),
    scope=texts,
    parent_id=maybe(texts),
    attempts=some(attempts),
    started_at=times,
    ended_at=times,
    replay=maybe(st.builds(ReplayMark, meta_tool=texts, step=counts)),
)
traces = st.builds(
    Trace,
    trace_id=texts.filter(bool),
    task_id=maybe(texts),
    thread_id=maybe(texts),
    trial=maybe(st.integers(-(2**31), 2**31)),
    domain=texts,
    model=texts,
    success=maybe(st.booleans()),
    tags=some(texts),
    started_at=times,
    ended_at=times,
    messages=some(messages),
    model_calls=some(model_calls),
    tool_calls=some(tool_calls),
    tools=st.lists(specs, max_size=3, unique_by=repr).map(tuple),
    metadata=objects,
)


@pytest.mark.parametrize("name", ["traces.db", "traces.jsonl"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(written=st.lists(traces, max_size=3, unique_by=lambda trace: trace.trace_id))
def test_traces_come_back_equal(name, written):
    """Unicode, nulls, numbers as text, deep values: nothing is changed, dropped or reordered."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / name) as store:
        store.append(written)
        read = list(store.traces())
    assert read == written
    assert [exactly(trace) for trace in read] == [exactly(trace) for trace in written]


def exactly(trace):
    """Tells `1` from `True` and `1.0`, and one order of keys from another, as `==` does not."""
    return repr(dataclasses.astuple(trace))
