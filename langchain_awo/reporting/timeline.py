"""What agents did day by day: runs, model calls, and which meta-tools were used; from the traces' own times."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace


def build_timeline(traces: Iterable[Trace], meta_tools: Sequence[str]) -> list[dict[str, JSONValue]]:
    """One row for each day (UTC) with a run, in order; traces without a time are left out.

    Args:
        traces: any traces.
        meta_tools: names of those to look for.

    Returns:
        Rows of `day`, `runs`, `model_calls`, `using` (runs that used any meta-tool) and `uses` (runs by meta-tool).
    """
    days: dict[str, list[Trace]] = defaultdict(list)
    for trace in traces:
        if (moment := find_start(trace)) is not None:
            days[datetime.fromtimestamp(moment, UTC).date().isoformat()].append(trace)
    return [_build_row(day, days[day], frozenset(meta_tools)) for day in sorted(days)]


def find_start(trace: Trace) -> float | None:
    """Seconds since the epoch, of the run or of the first thing in it that has a time."""
    calls = [call.started_at for call in trace.model_calls] + [call.started_at for call in trace.tool_calls]
    times = [trace.started_at, *calls]
    return next((moment for moment in times if moment is not None), None)


def used_by(trace: Trace, meta_tools: frozenset[str]) -> set[str]:
    """The meta-tools that a run used: called by the model, or run for it in continue mode."""
    ran = {call.replay.meta_tool if call.replay else call.name for call in trace.tool_calls}
    return ran & meta_tools


def _build_row(day: str, traces: Sequence[Trace], meta_tools: frozenset[str]) -> dict[str, JSONValue]:
    used = [used_by(trace, meta_tools) for trace in traces]
    uses = Counter(name for names in used for name in names)
    return {
        "day": day,
        "runs": len(traces),
        "model_calls": sum(len(trace.model_calls) for trace in traces),
        "using": sum(bool(names) for names in used),
        "uses": dict(sorted(uses.items())),
    }
