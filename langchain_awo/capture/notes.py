"""What one event adds to a recording."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from langchain_core.messages import AIMessage

from langchain_awo.capture import snapshot
from langchain_awo.capture.frozen import Frozen, freeze_arguments, shorten
from langchain_awo.capture.matching import find_issued_call
from langchain_awo.capture.run_metadata import find_agent_scope
from langchain_awo.capture.state import OVERHEAD, IssuedCall, ModelRun, Node, Recording, Seat, ToolRun
from langchain_awo.model.ir.installation import INSTALLED, METADATA, read_installation
from langchain_awo.model.trace.hints import read_hints
from langchain_awo.model.trace.trace import Status, TokenUsage, ToolSpec

RAW_ARGUMENTS = "__raw__"
"""Where arguments are kept that are no JSON, as importers do."""


def note_model_run(
    node: Node, seat: Seat, metadata: Mapping[str, Any], *, model: str, offered: Sequence[ToolSpec]
) -> None:
    """Notes that a model call began."""
    recording = node.recording
    _note_installation(recording, metadata)
    node.run = ModelRun(
        index=len(recording.model_runs),
        model=model,
        seat=seat,
        offered=tuple(spec.name for spec in offered),
        started_at=time.time(),
    )
    recording.model_runs.append(node.run)
    recording.size += OVERHEAD
    for spec in offered:
        recording.specs[spec.name] = spec


def _note_installation(recording: Recording, metadata: Mapping[str, Any]) -> None:
    installed = read_installation(metadata.get(INSTALLED))
    if installed is None:
        return
    label = recording.label
    known = read_installation(label.metadata.get(METADATA))
    both = known.joined(installed) if known else installed
    label.metadata = {**label.metadata, METADATA: both.as_json()}


def note_answer(recording: Recording, run: ModelRun, *, text: str, usage: TokenUsage | None) -> None:
    """Notes what a model said."""
    run.text, run.usage = shorten(text), usage
    recording.size += len(run.text)


def note_issued(recording: Recording, run: ModelRun, message: AIMessage) -> None:
    """Notes the tool calls a model asked for, also those whose arguments could not be read."""
    calls: list[tuple[str | None, str, bytes, str | None]] = [
        (call["id"], call["name"], freeze_arguments(call["args"]), None) for call in message.tool_calls
    ]
    for bad in message.invalid_tool_calls:
        raw = freeze_arguments({RAW_ARGUMENTS: bad.get("args") or ""})
        reason = str(bad.get("error") or "the arguments are not JSON")[: snapshot.MAX_ERROR_TEXT]
        calls.append((bad.get("id"), bad.get("name") or "tool", raw, reason))
    for position, (call_id, name, args, problem) in enumerate(calls):
        issued = IssuedCall(
            call_id=str(call_id or ""),
            name=str(name),
            args=args,
            model_run=run,
            position=position,
            problem=problem,
        )
        recording.issue(issued)


def note_tool_run(
    node: Node,
    run_id: UUID,
    *,
    name: str,
    args: bytes,
    call_id: str | None,
    caller: ToolRun | None,
    metadata: Mapping[str, Any],
) -> None:
    """Notes that a tool began."""
    recording = node.recording
    place = find_agent_scope(metadata)
    scope = derive_inner_scope(caller, place)
    issued = find_issued_call(recording, call_id, name=name, args=args, scope=scope)
    passed_on = _is_passed_on(call_id, issued, caller)
    replay = snapshot.replay_of(metadata)
    node.run = node.tool = ToolRun(
        order=len(recording.tool_runs),
        run_id=run_id,
        call_id="" if passed_on else call_id or "",
        name=name,
        args=args,
        started_at=time.time(),
        after=len(recording.model_runs) - 1,
        place=place,
        scope=scope,
        inside=caller,
        issued=None if passed_on else issued,
        replay=None if caller is not None and caller.replay == replay else replay,
    )
    recording.tool_runs.append(node.run)
    recording.size += OVERHEAD + len(args)
    if node.run.issued is not None:
        node.run.issued.latest = node.run
        node.run.issued.model_run.seat.ran = True


def note_result(
    recording: Recording, run: ToolRun, result: tuple[Status, Frozen, str | None], now: float
) -> None:
    """Notes how a tool ended."""
    run.status, run.output, run.error = result
    run.ended_at = now
    recording.size += len(run.output)


def note_tool(
    recording: Recording, name: str, serialized: Mapping[str, Any], metadata: Mapping[str, Any]
) -> None:
    """Notes what is known of a tool that was called."""
    if name not in recording.specs:
        recording.specs[name] = ToolSpec(name=name, description=str(serialized.get("description") or ""))
    recording.hints[name] = {}
    recording.hints[name] = read_hints(metadata)


def derive_inner_scope(caller: ToolRun | None, place: str) -> str:
    """An agent inside a tool is another agent, also when the graph has no name of its own for it."""
    if caller is None or place != caller.place:
        return place
    return f"{caller.scope}>{caller.call_id or caller.run_id}"


def _is_passed_on(call_id: str | None, issued: IssuedCall | None, caller: ToolRun | None) -> bool:
    """Whether a tool gave the id of its own call to a tool it calls."""
    while caller is not None:
        if call_id and caller.call_id == call_id and caller.issued is issued:
            return True
        caller = caller.inside
    return False
