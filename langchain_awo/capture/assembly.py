"""From a finished recording to a `Trace`: executions become attempts of logical calls, in the order they were issued."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from langchain_awo.capture.state import IssuedCall, ModelRun, Recording, ToolRun
from langchain_awo.model.trace import (
    Attempt,
    ModelCallRecord,
    Status,
    ToolCallRecord,
    ToolSpec,
    Trace,
)

AFTER_ISSUED: Final = 1 << 30
"""Position of calls that no model issued: behind those of the model call before them."""


@dataclass(slots=True, eq=False)
class _LogicalCall:
    issued: IssuedCall | None
    runs: list[ToolRun] = field(default_factory=list)


def assemble(recording: Recording) -> Trace:
    """The trace of a finished recording."""
    calls = _logical_calls(recording)
    ids = _distinct_ids(calls, taken=[call.call_id for call in recording.refused])
    owner = {run: ids[call] for call in calls for run in call.runs}
    label = recording.label
    return Trace(
        trace_id=recording.trace_id,
        task_id=label.task_id,
        thread_id=label.thread_id,
        trial=label.trial,
        domain=label.domain,
        model=next((run.model for run in recording.model_runs if run.model), ""),
        success=label.success,
        tags=label.tags,
        started_at=recording.started_at,
        ended_at=recording.ended_at,
        messages=tuple(recording.messages),
        model_calls=tuple(_model_call(run) for run in recording.model_runs),
        tool_calls=(
            *recording.refused,
            *(_tool_call(call, ids[call], owner, recording) for call in calls),
        ),
        tools=_tools(recording),
        metadata=label.metadata,
    )


def _logical_calls(recording: Recording) -> list[_LogicalCall]:
    calls: dict[object, _LogicalCall] = {issued: _LogicalCall(issued) for issued in recording.issued}
    for run in recording.tool_runs:
        key = run.issued or run.call_id or run
        calls.setdefault(key, _LogicalCall(run.issued)).runs.append(run)
    return sorted(calls.values(), key=_position)


def _position(call: _LogicalCall) -> tuple[int, ...]:
    """Issued calls in the order of issue, the others where they started, calls inside a tool right after it."""
    if call.issued is not None:
        return (call.issued.model_call, call.issued.position)
    return _position_of_run(call.runs[0])


def _position_of_run(run: ToolRun) -> tuple[int, ...]:
    if run.issued is not None:
        return (run.issued.model_call, run.issued.position)
    if run.inside is not None:
        return (*_position_of_run(run.inside), run.order)
    return (run.after, AFTER_ISSUED, run.order)


def _distinct_ids(calls: list[_LogicalCall], *, taken: list[str]) -> dict[_LogicalCall, str]:
    """Ids of the calls; some providers use an id again, and a tool may pass its own on."""
    ids: dict[_LogicalCall, str] = {}
    used = dict.fromkeys(taken, 1)
    for call in calls:
        wanted = call.issued.call_id if call.issued else call.runs[0].call_id or str(call.runs[0].run_id)
        used[wanted] = number = used.get(wanted, 0) + 1
        ids[call] = wanted if number == 1 else f"{wanted}~{number}"
    return ids


def _model_call(run: ModelRun) -> ModelCallRecord:
    return ModelCallRecord(
        model=run.model,
        usage=run.usage,
        scope=run.scope,
        text=run.text,
        offered=run.offered,
        started_at=run.started_at,
        ended_at=run.ended_at,
        error=run.error,
    )


def _tool_call(
    call: _LogicalCall, call_id: str, owner: dict[ToolRun, str], recording: Recording
) -> ToolCallRecord:
    issued = call.issued
    if issued is not None and not call.runs:
        return _unexecuted(issued, call_id, recording)
    first = call.runs[0]
    decisive = next((run for run in reversed(call.runs) if run.status == "ok"), call.runs[-1])
    told = issued.answer if issued and decisive.output is None and decisive.status != "ok" else None
    return ToolCallRecord(
        call_id=call_id,
        name=decisive.name,
        args=decisive.args,
        output=decisive.output if told is None else told,
        status=decisive.status,
        error=decisive.error,
        model_call=issued.model_call if issued else None,
        scope=first.scope,
        parent_id=owner.get(first.inside) if first.inside else None,
        attempts=tuple(_attempt(run) for run in call.runs) if len(call.runs) > 1 else (),
        started_at=first.started_at,
        ended_at=decisive.ended_at,
        replay=first.replay,
    )


def _attempt(run: ToolRun) -> Attempt:
    return Attempt(status=run.status, error=run.error, started_at=run.started_at, ended_at=run.ended_at)


def _unexecuted(issued: IssuedCall, call_id: str, recording: Recording) -> ToolCallRecord:
    """A call that no tool was seen running for: unknown, forbidden, waiting for a person, or made outside LangChain."""
    waiting: Status = "interrupted" if recording.interrupted else "abandoned"
    status = issued.answered or waiting
    return ToolCallRecord(
        call_id=call_id,
        name=issued.name,
        args=issued.args,
        output=issued.answer,
        status=status,
        error=str(issued.answer) if status == "error" else None,
        model_call=issued.model_call,
        scope=issued.scope,
    )


def _tools(recording: Recording) -> tuple[ToolSpec, ...]:
    specs = {
        name: replace(spec, hints=hints) if (hints := recording.hints.get(name)) else spec
        for name, spec in recording.specs.items()
    }
    return tuple(specs[name] for name in sorted(specs))
