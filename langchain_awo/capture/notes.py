"""What one event adds to a recording."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from langchain_awo.capture import snapshot
from langchain_awo.capture.state import IssuedCall, ModelRun, Recording, ToolRun
from langchain_awo.capture.tracker import Node
from langchain_awo.model.encoding import project_output, to_json
from langchain_awo.model.failure import failure_in
from langchain_awo.model.hints import hints_of
from langchain_awo.model.installation import INSTALLED, METADATA, read_installation
from langchain_awo.model.trace import JSONValue, ToolCallRecord, ToolSpec


def latest_results(prompt: Sequence[BaseMessage]) -> list[str]:
    """Ids of the tool calls whose results end a prompt."""
    return [message.tool_call_id for message in _trailing_results(prompt)]


def _trailing_results(prompt: Sequence[BaseMessage]) -> list[ToolMessage]:
    found = []
    for message in reversed(prompt):
        if not isinstance(message, ToolMessage):
            break
        found.append(message)
    return found


def read_prompt(node: Node, prompt: Sequence[BaseMessage]) -> None:
    """Notes words from outside and answers to tool calls; what a tool tells a model of its own is not from outside."""
    recording, before = node.recording, len(node.recording.model_runs)
    repeats: Counter[str] = Counter()
    for message in prompt:
        if message.type == "human" and node.tool is None:
            text = snapshot.text_of(message.content)
            repeats[text] += message.id is None
            recording.read_user(text, message.id, repeats=repeats[text], before=before)
        elif message.type == "system":
            recording.read_system(snapshot.text_of(message.content), before=before)
        elif isinstance(message, ToolMessage) and message.tool_call_id in recording.unanswered:
            call = recording.unanswered.pop(message.tool_call_id)
            call.answer = project_output(message.content, message.artifact)
            failed = message.status == "error" or failure_in(call.answer) is not None
            call.answered = "error" if failed else "ok"


def note_refusals(node: Node, prompt: Sequence[BaseMessage]) -> None:
    """Notes calls of an earlier run of the thread that a person refused: no tool runs, the model is only told."""
    recording = node.recording
    if recording.model_runs or node.tool is not None or recording.label.thread_id is None:
        return
    results = {message.tool_call_id: message for message in _trailing_results(prompt)}
    asked = prompt[-len(results) - 1] if len(results) < len(prompt) else None
    known = {run.call_id for run in recording.tool_runs}
    for call in asked.tool_calls if isinstance(asked, AIMessage) else ():
        told = results.get(call["id"] or "")
        if told is None or told.status != "error" or told.tool_call_id in known:
            continue
        recording.refused.append(
            ToolCallRecord(
                call_id=told.tool_call_id,
                name=call["name"],
                args=_arguments(call["args"]),
                output=project_output(told.content, told.artifact),
                status="error",
                error=snapshot.text_of(told.content),
            )
        )


def note_model_run(
    node: Node, metadata: Mapping[str, Any], parameters: Mapping[str, Any], offered: Sequence[ToolSpec]
) -> None:
    """Notes that a model call began."""
    recording = node.recording
    _note_installation(recording, metadata)
    node.run = ModelRun(
        index=len(recording.model_runs),
        model=snapshot.model_name_of(metadata, parameters),
        scope=_scope_inside(node.tool, snapshot.agent_scope(metadata)),
        offered=tuple(spec.name for spec in offered),
        started_at=time.time(),
    )
    recording.model_runs.append(node.run)
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


def note_issued(recording: Recording, run: ModelRun, message: AIMessage) -> None:
    """Notes the tool calls a model asked for."""
    for position, call in enumerate(message.tool_calls):
        call_id = call.get("id") or f"{run.index}.{position}"
        recording.issue(
            IssuedCall(
                call_id=call_id,
                name=call["name"],
                args=_arguments(call["args"]),
                model_call=run.index,
                position=position,
                scope=run.scope,
            )
        )


def note_tool_run(
    node: Node,
    run_id: UUID,
    *,
    name: str,
    args: dict[str, JSONValue],
    call_id: str | None,
    caller: ToolRun | None,
    metadata: Mapping[str, Any],
) -> None:
    """Notes that a tool began."""
    recording = node.recording
    place = snapshot.agent_scope(metadata)
    scope = _scope_inside(caller, place)
    issued = recording.issue_of(call_id, scope)
    passed_on = _is_passed_on(call_id, issued, caller)
    replay = snapshot.replay_of(metadata)
    node.run = node.tool = ToolRun(
        order=len(recording.tool_runs),
        run_id=run_id,
        call_id=None if passed_on else call_id,
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


def note_tool(
    recording: Recording, name: str, serialized: Mapping[str, Any], metadata: Mapping[str, Any]
) -> None:
    """Notes what is known of a tool that was called."""
    if name not in recording.specs:
        recording.specs[name] = ToolSpec(name=name, description=str(serialized.get("description") or ""))
    if name not in recording.hints:
        recording.hints[name] = hints_of(metadata)


def _scope_inside(caller: ToolRun | None, place: str) -> str:
    """An agent inside a tool is another agent, also when the graph has no name of its own for it."""
    if caller is None or place != caller.place:
        return place
    return f"{caller.scope}>{caller.call_id or caller.run_id}"


def _is_passed_on(call_id: str | None, issued: IssuedCall | None, caller: ToolRun | None) -> bool:
    """Whether a tool gave the id of its own call to a tool it calls."""
    while caller is not None:
        if call_id is not None and caller.call_id == call_id and caller.issued is issued:
            return True
        caller = caller.inside
    return False


def _arguments(args: object) -> dict[str, JSONValue]:
    value = to_json(args)
    return value if isinstance(value, dict) else {"input": value}
