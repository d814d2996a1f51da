"""The use of meta-tools, read out of traces: what was called, what ran inside, how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from langchain_awo.model.ir.installation import get_installation, run_ahead
from langchain_awo.model.ir.metatool import MetaTool, Mode, ToolkitPlan
from langchain_awo.model.text.encoding import decode
from langchain_awo.model.trace.call_key import call_key
from langchain_awo.model.trace.handback import HandBack
from langchain_awo.model.trace.trace import ToolCallRecord, Trace
from langchain_awo.optimizer.log.inner_calls import collect_inner_calls, get_anchor

Cause: TypeAlias = Literal["failed", "unresolved", "guard", "stopped", "refused"]
"""Why a routine was handed back: a call failed, a binding led to nothing, a guard did not hold, it stopped for another
reason (an empty result before a write, a bound reached), or it was not run at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedAt:
    """Where a routine stopped and why; step 0 if none was reached."""

    step: int
    tool: str
    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One use of a meta-tool.

    Attributes:
        way: `called` by the model, `continued` after the model's own call, run at `entry`, or `prefetched`, where only
            the calls count that the model then asked for.
        made: the calls that ran inside.
        call: the model's call of the meta-tool, or the one that was continued; `None` if it is not in the trace.
        hand_back: `None` if it came to its end, or is still open.
        is_open: it waits for somebody, or its end was never seen.
        key: id of the call of the meta-tool, or of the call that was continued.
    """

    meta_tool: str
    way: Literal["called", "continued", "entry", "prefetched"]
    made: tuple[ToolCallRecord, ...]
    call: ToolCallRecord | None = None
    hand_back: StoppedAt | None = None
    is_open: bool = False
    key: str = ""

    @property
    def issued_by(self) -> int | None:
        """Index of the model call that it follows."""
        return self.call.model_call if self.call else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One run: what it had of a toolkit and what became of it.

    Attributes:
        modes: the meta-tools it could use, with the mode if it is known.
        hidden: by tool that they stand in for, tokens of its schema, as far as the middleware's mark says.
        held_out: it did without them, to compare with.
    """

    trace: Trace
    modes: Mapping[str, Mode | None]
    held_out: bool
    uses: tuple[Use, ...]
    hidden: Mapping[str, int] = field(default_factory=dict)

    def uses_of(self, name: str) -> list[Use]:
        """The uses of one meta-tool."""
        return [use for use in self.uses if use.meta_tool == name]


def measure_usage(trace: Trace, plan: ToolkitPlan) -> Usage:
    """What one run had of a toolkit and used.

    Which meta-tools it had is known from the middleware's mark; without one, from the tools that its model calls were
    offered, and from the uses themselves.
    """
    known = {each.name: each for each in plan.meta_tools}
    uses = tuple(_collect_uses(trace, known))
    marked = get_installation(trace)
    if marked is not None:
        modes: dict[str, Mode | None] = {name: marked.modes[name] for name in marked.modes if name in known}
    else:
        offered = {name for call in trace.model_calls for name in call.offered}
        seen = offered | {use.meta_tool for use in uses}
        modes = {name: None for name in known if name in seen}
    hidden = marked.hidden if marked else {}
    return Usage(
        trace=trace, modes=modes, held_out=bool(marked and marked.held_out), uses=uses, hidden=hidden
    )


def _collect_uses(trace: Trace, known: Mapping[str, MetaTool]) -> Iterator[Use]:
    calls = {call.call_id: call for call in trace.tool_calls}
    inside = collect_inner_calls(trace)
    beside: dict[tuple[str, str], list[ToolCallRecord]] = {}
    for call in trace.tool_calls:
        if call.replay and call.replay.meta_tool in known and call.parent_id not in inside:
            beside.setdefault((call.replay.meta_tool, get_anchor(call)), []).append(call)
    for call in trace.tool_calls:
        if call.name in known and call.replay is None:
            yield _build_use(known[call.name], call, inside.get(call.call_id, []))
    ahead, served = run_ahead(trace), _find_served(trace)
    for (name, anchor), made in beside.items():
        if name not in ahead:
            yield Use(meta_tool=name, way="continued", made=tuple(made), call=calls.get(anchor), key=anchor)
        elif asked := tuple(each for each in made if call_key(each.name, each.args) in served):
            yield Use(meta_tool=name, way="prefetched", made=asked, call=calls.get(anchor), key=anchor)


def _find_served(trace: Trace) -> frozenset[str]:
    """The calls that the model asked for and that were answered without a run of their own."""
    return frozenset(
        call_key(call.name, call.args)
        for call in trace.tool_calls
        if call.model_call is not None and call.started_at is None and call.status == "ok"
    )


def _build_use(meta_tool: MetaTool, call: ToolCallRecord, made: Sequence[ToolCallRecord]) -> Use:
    told = HandBack.read(decode(call.output))
    is_open = call.status in ("interrupted", "abandoned", "cancelled")
    is_done = call.status == "ok" and told is not None and not told.is_stopped
    return Use(
        meta_tool=meta_tool.name,
        way="called" if call.model_call is not None else "entry",
        made=tuple(made),
        call=call,
        hand_back=None if is_done or is_open else _build_stop(meta_tool, call, told, made),
        is_open=is_open,
        key=call.call_id,
    )


def _build_stop(
    meta_tool: MetaTool, call: ToolCallRecord, told: HandBack | None, made: Sequence[ToolCallRecord]
) -> StoppedAt:
    if told is None or not told.is_stopped:
        return StoppedAt(step=0, tool="", cause="refused", reason=call.error or "")
    if told.failed is not None:
        step, reason = told.failed.step, told.failed.error or ""
        tried = any(each.replay and each.replay.step == step and each.status != "ok" for each in made)
        cause: Cause = "failed" if tried else "unresolved"
    else:
        step, reason = told.remaining[0].step if told.remaining else 0, told.reason
        cause = "guard" if 0 < step <= len(meta_tool.steps) and meta_tool.steps[step - 1].guard else "stopped"
    tool = meta_tool.steps[step - 1].tool if 0 < step <= len(meta_tool.steps) else ""
    return StoppedAt(step=step, tool=tool, cause=cause, reason=reason)
