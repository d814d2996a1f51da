"""Long runs in parts: what is over is handed on while the run goes on, so that it takes no memory and no time at the end."""

from __future__ import annotations

import time
from typing import Final

from langchain_awo.capture.state import Recording

PART_CALLS: Final = 2_000
"""Calls of models and tools after which a run is continued in another part."""

PART_BYTES: Final = 8_000_000
"""Memory after which it is."""


def is_long(recording: Recording) -> bool:
    """Whether a recording has grown enough to hand on what it has."""
    calls = len(recording.model_runs) + len(recording.tool_runs)
    return calls >= PART_CALLS or recording.size >= PART_BYTES


def split(recording: Recording) -> Recording:
    """Takes everything that is over out of a recording.

    The parts are runs of one thread, in the order of their start, as the turns of a conversation are: of the thread of the run, or one
    of their own.
    """
    label = recording.label
    label.thread_id = label.thread_id or recording.trace_id
    part = Recording(
        key=recording.key,
        trace_id=recording.trace_id,
        started_at=recording.started_at,
        label=label,
        ended_at=time.time(),
        size=recording.size,
        parts=recording.parts,
        seats=dict(recording.seats),
        model_runs=recording.model_runs,
        tool_runs=recording.tool_runs,
        refused=recording.refused,
        issued=recording.issued,
        heard=recording.heard,
        specs=dict(recording.specs),
        hints=dict(recording.hints),
        interrupted=recording.interrupted,
    )
    _go_on(recording)
    return part


def _go_on(recording: Recording) -> None:
    """Empties a recording but for what tells the agents of the next part and what they have heard."""
    recording.parts += 1
    first = recording.trace_id.partition("/")[0]
    recording.trace_id = f"{first}/{recording.parts + 1}"
    recording.started_at, recording.size = time.time(), 0
    recording.model_runs, recording.tool_runs, recording.refused = [], [], []
    recording.issued, recording.heard = [], []
    recording.recent, recording.named, recording.unanswered = {}, {}, {}
    recording.interrupted = False
