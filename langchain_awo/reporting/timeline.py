"""What agents did day by day: runs, model calls, and which meta-tools were used; from the traces' own times."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace


class Timeline:
    """What agents did day by day (UTC), a run at a time.

    Args:
        meta_tools: names of those to look for.
    """

    def __init__(self, meta_tools: Sequence[str]) -> None:
        self._meta_tools = frozenset(meta_tools)
        self._days: dict[str, _Day] = defaultdict(_Day)

    def add(self, trace: Trace) -> None:
        """Adds a run; one without a time is left out."""
        if (moment := find_start(trace)) is not None:
            used = used_by(trace, self._meta_tools)
            day = self._days[datetime.fromtimestamp(moment, UTC).date().isoformat()]
            day.runs += 1
            day.model_calls += len(trace.model_calls)
            day.using += bool(used)
            day.uses.update(used)

    def rows(self) -> list[dict[str, JSONValue]]:
        """One for each day with a run, in order.

        Each has `day`, `runs`, `model_calls`, `using` (runs that used any meta-tool) and `uses` (runs by meta-tool).
        """
        return [
            {**asdict(day), "day": name, "uses": dict(sorted(day.uses.items()))}
            for name, day in sorted(self._days.items())
        ]


@dataclass(slots=True)
class _Day:
    runs: int = 0
    model_calls: int = 0
    using: int = 0
    uses: Counter[str] = field(default_factory=Counter)


def find_start(trace: Trace) -> float | None:
    """Seconds since the epoch, of the run or of the first thing in it that has a time."""
    calls = [call.started_at for call in trace.model_calls] + [call.started_at for call in trace.tool_calls]
    times = [trace.started_at, *calls]
    return next((moment for moment in times if moment is not None), None)


def used_by(trace: Trace, meta_tools: frozenset[str]) -> set[str]:
    """The meta-tools that a run used: called by the model, or run for it in continue mode."""
    ran = {call.replay.meta_tool if call.replay else call.name for call in trace.tool_calls}
    return ran & meta_tools
