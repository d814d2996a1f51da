"""Long runs in parts: what is over is handed on while the run goes on, so that it takes no memory and no time at the end."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import takewhile
from typing import Final

from langchain_awo.capture.state import OVERHEAD, ModelRun, Node, Recording, ToolRun

PART_CALLS: Final = 2_000
"""Calls of models and tools after which a run is continued in another part."""

PART_BYTES: Final = 8_000_000
"""Memory after which it is."""


FORCED: Final = 4
"""So many times as long a run is continued in another part even in the middle of a call, which then stands in both."""

CONTINUED_CALL: Final = "it goes on in the next part of the run"
"""What a part says of a call that was not over when the part was."""


def is_long(recording: Recording, *, times: int = 1) -> bool:
    """Whether a recording has grown enough to hand on what it has."""
    calls = len(recording.model_runs) + len(recording.tool_runs)
    return calls >= PART_CALLS * times or recording.size >= PART_BYTES * times


def may_split(recording: Recording, nodes: Iterable[Node], *, between_calls: bool) -> bool:
    """Whether this is a moment at which no call would stand in two parts.

    Args:
        nodes: the open runs.
        between_calls: whether a tool is about to run, perhaps one of several that a model call asked for.
    """
    if any(node.run is not None for node in nodes):
        return False
    last = recording.issued[-1].model_run if between_calls and recording.issued else None
    asked = takewhile(lambda call: call.model_run is last, reversed(recording.issued))
    return all(call.latest is not None for call in asked)


def split(recording: Recording, nodes: Iterable[Node] = ()) -> Recording:
    """Takes everything that was recorded so far out of a recording.

    The parts are runs of one thread, in the order of their start, as the turns of a conversation are: of the thread of the run, or one
    of their own.

    Args:
        nodes: the open runs. What they are doing goes on in the next part; the last part says how it ended.
    """
    now = max(time.time(), recording.started_at)  # parts keep their order when the clock is set back
    label = recording.label
    label.thread_id = label.thread_id or recording.trace_id
    part = Recording(
        key=recording.key,
        trace_id=recording.trace_id,
        started_at=recording.started_at,
        label=label,
        ended_at=now,
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
    _go_on(recording, now)
    _carry_over(recording, list(nodes))
    return part


def _go_on(recording: Recording, now: float) -> None:
    """Empties a recording but for what tells the agents of the next part and what they have heard."""
    recording.parts += 1
    first = recording.trace_id.partition("/")[0]
    recording.trace_id = f"{first}/{recording.parts + 1}"
    recording.started_at, recording.size = now, 0
    recording.model_runs, recording.tool_runs, recording.refused = [], [], []
    recording.issued, recording.heard = [], []
    recording.recent, recording.named, recording.unanswered = {}, {}, {}
    recording.interrupted = False


def _carry_over(recording: Recording, nodes: list[Node]) -> None:
    """Copies the calls that are going on, outer ones first; what the part has of them is not changed any more."""
    copies: dict[ToolRun, ToolRun] = {}
    open_tools = sorted((node.run for node in nodes if isinstance(node.run, ToolRun)), key=_get_order)
    for run in open_tools:
        copies[run] = copy = replace(
            run,
            order=len(recording.tool_runs),
            after=-1,
            inside=copies.get(run.inside) if run.inside else None,
            issued=None,
        )
        recording.tool_runs.append(copy)
        recording.size += OVERHEAD + len(run.args)
        run.error = CONTINUED_CALL
    for node in nodes:
        node.tool = copies.get(node.tool, node.tool) if node.tool else None
        if isinstance(node.run, ToolRun):
            node.run = copies[node.run]
        elif isinstance(node.run, ModelRun):
            node.run.error, begun = CONTINUED_CALL, node.run
            node.run = replace(begun, index=len(recording.model_runs), error=None)
            recording.model_runs.append(node.run)
            recording.size += OVERHEAD


def _get_order(run: ToolRun) -> int:
    return run.order
