"""The public recordings of real agents come in whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from langchain_awo.capture.importers import ImportSummary, import_messages
from langchain_awo.capture.importers.lines import BadLine

pytestmark = [
    pytest.mark.recordings,
    pytest.mark.skipif(
        not os.environ.get("AWO_RECORDINGS"), reason="AWO_RECORDINGS does not name the folder of recordings"
    ),
]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tau_airline", ImportSummary(traces=200, model_calls=2454, tool_calls=1164)),
        ("tau_retail", ImportSummary(traces=230, model_calls=3419, tool_calls=1855)),
        ("state_bench", ImportSummary(traces=200, model_calls=1363, tool_calls=2126)),
        ("workbench", ImportSummary(traces=2045, model_calls=8260, tool_calls=6217)),
    ],
)
def test_every_run_and_call_of_the_recordings_is_imported(name, expected):
    """A model call is an assistant message, with or without tool calls; none is lost, none has no answer."""
    bad: list[BadLine] = []
    summary = ImportSummary()
    path = Path(os.environ["AWO_RECORDINGS"]) / f"{name}.jsonl.gz"
    statuses, ids = set(), set()
    for trace in import_messages(path, on_error=bad.append, summary=summary):
        statuses |= {call.status for call in trace.tool_calls}
        ids.add(trace.trace_id)
        assert len({call.call_id for call in trace.tool_calls}) == len(trace.tool_calls)
    assert bad == []
    assert summary == expected
    assert len(ids) == expected.traces
    assert statuses == {"ok", "error"}
