"""From a finished recording to a `Trace`: executions become attempts of logical calls, in the order they were issued."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from langchain_awo.capture.frozen import NOTHING, thaw
from langchain_awo.capture.roles import find_helper_seats, get_scope
from langchain_awo.capture.state import Heard, IssuedCall, ModelRun, Recording, Seat, ToolRun
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.thread import CONTINUED, CONVERSATION
from langchain_awo.model.trace.trace import (
    Attempt,
    Message,
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
    beside = find_helper_seats(recording)
    calls = _collect_logical_calls(recording, beside)
    ids = _assign_ids(calls, taken=[call.call_id for call in recording.refused])
    owner = {run: ids[call] for call in calls for run in call.runs}
    label = recording.label
    return Trace(
        trace_id=recording.trace_id,
        task_id=label.task_id,
        thread_id=label.thread_id,
        trial=label.trial,
        domain=label.domain,
        model=_find_model(recording.model_runs, beside),
        success=label.success,
        tags=label.tags,
        started_at=recording.started_at,
        ended_at=recording.ended_at,
        messages=_collect_messages(recording.heard, beside),
        model_calls=tuple(_build_model_call(run, beside) for run in recording.model_runs),
        tool_calls=(
            *recording.refused,
            *(_build_tool_call(call, ids[call], owner, recording, beside) for call in calls),
        ),
        tools=_collect_tools(recording, beside),
        metadata=_build_metadata(recording, beside),
    )


def _build_metadata(recording: Recording, beside: Collection[Seat]) -> dict[str, JSONValue]:
    """What the caller said, and whether the run begins a conversation of its thread."""
    label = recording.label
    begins = next((seat.begins for seat in recording.seats.values() if seat not in beside), None)
    begins = CONTINUED if recording.parts else begins
    known = begins is not None and label.thread_id is not None
    return {**label.metadata, CONVERSATION: begins} if known else label.metadata


def _find_model(runs: Iterable[ModelRun], beside: Collection[Seat]) -> str:
    """The agent's model if it has a name, else any."""
    named = [run for run in runs if run.model]
    agents = (run.model for run in named if run.seat not in beside)
    return next(agents, named[0].model if named else "")


def _collect_messages(heard: Iterable[Heard], beside: Collection[Seat]) -> tuple[Message, ...]:
    """What the agents were told from outside, each message once although several of them may have been sent it."""
    seen_ids: set[str] = set()
    times_said: Counter[str] = Counter()
    messages: list[Message] = []
    for each in heard:
        text = each.message.text
        if each.message.role == "user":
            if each.seat in beside or each.message_id in seen_ids:
                continue
            if each.message_id is not None:
                seen_ids.add(each.message_id)
            elif each.nth <= times_said[text]:
                continue
            else:
                times_said[text] += 1
        elif each.seat in beside:
            continue
        messages.append(each.message)
    return tuple(messages)


def _collect_logical_calls(recording: Recording, beside: Collection[Seat]) -> list[_LogicalCall]:
    """Calls that another model than the agent's asked for and nobody executed are the form of its answer, and no calls."""
    calls: dict[object, _LogicalCall] = {
        issued: _LogicalCall(issued)
        for issued in recording.issued
        if issued.latest is not None or issued.answered is not None or issued.model_run.seat not in beside
    }
    for run in recording.tool_runs:
        key = run.issued or run.call_id or run
        calls.setdefault(key, _LogicalCall(run.issued)).runs.append(run)
    agents = {run.scope for run in recording.model_runs}
    return sorted(calls.values(), key=lambda call: _derive_position(call, agents))


def _derive_position(call: _LogicalCall, agents: Collection[str]) -> tuple[int, ...]:
    """Issued calls in the order of issue, the others where they started, calls inside a tool right after it.

    Args:
        agents: scopes in which a model is called; a call there that none issued is beside those that one did, although
            a tool may hold the whole agent.
    """
    if call.issued is not None:
        return (call.issued.model_call, call.issued.position)
    return _derive_run_position(call.runs[0], agents)


def _derive_run_position(run: ToolRun, agents: Collection[str]) -> tuple[int, ...]:
    if run.issued is not None:
        return (run.issued.model_call, run.issued.position)
    if run.inside is not None and run.scope not in agents:
        return (*_derive_run_position(run.inside, agents), run.order)
    return (run.after, AFTER_ISSUED, run.order)


def _assign_ids(calls: list[_LogicalCall], *, taken: list[str]) -> dict[_LogicalCall, str]:
    """Ids of the calls; some providers give none or use one again, and a tool may pass its own on."""
    ids: dict[_LogicalCall, str] = {}
    used = dict.fromkeys(taken, 1)
    for call in calls:
        wanted = _get_wanted_id(call)
        used[wanted] = number = used.get(wanted, 0) + 1
        ids[call] = wanted if number == 1 else f"{wanted}~{number}"
    return ids


def _get_wanted_id(call: _LogicalCall) -> str:
    if call.issued is not None:
        return call.issued.call_id or f"{call.issued.model_call}.{call.issued.position}"
    return call.runs[0].call_id or str(call.runs[0].run_id)


def _build_model_call(run: ModelRun, beside: Collection[Seat]) -> ModelCallRecord:
    return ModelCallRecord(
        model=run.model,
        usage=run.usage,
        scope=get_scope(run.seat, beside),
        text=run.text,
        offered=run.offered,
        started_at=run.started_at,
        ended_at=run.ended_at,
        error=run.error,
    )


def _build_tool_call(
    call: _LogicalCall,
    call_id: str,
    owner: Mapping[ToolRun, str],
    recording: Recording,
    beside: Collection[Seat],
) -> ToolCallRecord:
    issued = call.issued
    if issued is not None and not call.runs:
        return _build_unexecuted(issued, call_id, recording, beside)
    first = call.runs[0]
    decisive = next((run for run in reversed(call.runs) if run.status == "ok"), call.runs[-1])
    told = issued is not None and decisive.output == NOTHING and decisive.status != "ok"
    return ToolCallRecord(
        call_id=call_id,
        name=decisive.name,
        args=thaw(decisive.args),
        output=thaw(issued.answer if issued and told else decisive.output),
        status=decisive.status,
        error=decisive.error,
        model_call=issued.model_call if issued else None,
        scope=first.scope,
        parent_id=owner.get(first.inside) if first.inside else None,
        attempts=tuple(_build_attempt(run) for run in call.runs) if len(call.runs) > 1 else (),
        started_at=first.started_at,
        ended_at=decisive.ended_at,
        replay=first.replay,
    )


def _build_attempt(run: ToolRun) -> Attempt:
    return Attempt(status=run.status, error=run.error, started_at=run.started_at, ended_at=run.ended_at)


def _build_unexecuted(
    issued: IssuedCall, call_id: str, recording: Recording, beside: Collection[Seat]
) -> ToolCallRecord:
    """A call that no tool was seen running for: unknown, forbidden, waiting for a person, or made outside LangChain."""
    waiting: Status = "interrupted" if recording.interrupted else "abandoned"
    status = "error" if issued.problem else issued.answered or waiting
    answer = thaw(issued.answer)
    return ToolCallRecord(
        call_id=call_id,
        name=issued.name,
        args=thaw(issued.args),
        output=answer,
        status=status,
        error=(issued.problem or str(answer)) if status == "error" else None,
        model_call=issued.model_call,
        scope=get_scope(issued.model_run.seat, beside),
    )


def _collect_tools(recording: Recording, beside: Collection[Seat]) -> tuple[ToolSpec, ...]:
    """The tools that were called or offered to an agent."""
    called = {run.name for run in recording.tool_runs}
    forms = {name for seat in beside for name in seat.offered} - called
    forms -= {name for seat in recording.seats.values() if seat not in beside for name in seat.offered}
    specs = {
        name: replace(spec, hints=hints) if (hints := recording.hints.get(name)) else spec
        for name, spec in recording.specs.items()
        if name not in forms
    }
    return tuple(specs[name] for name in sorted(specs))
