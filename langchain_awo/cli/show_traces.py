"""What traces hold, counted one by one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from langchain_awo.cli.hints import name_unknown_effects
from langchain_awo.cli.reading import Reading, read_log
from langchain_awo.cli.terminal import put, put_json, put_table, waiting
from langchain_awo.model.text.encoding import compute_digest
from langchain_awo.optimizer.counting.distinct import Distinct
from langchain_awo.optimizer.counting.sample import Bounds
from langchain_awo.optimizer.log.effects import classify_effects

if TYPE_CHECKING:
    from langchain_awo.model.trace.trace import Trace

NOTHING = Bounds(fair=1, rare=1, all_rare=1)
"""Nothing is looked at closely."""

_OUTCOMES = {True: "succeeded", False: "failed", None: "not known"}


def show_traces(reading: Reading, *, as_json: bool) -> None:
    """Prints how much there is, and of which tools and effects."""
    log, held = read_log(reading, bounds=NOTHING), _Contents()
    with waiting(f"counting {reading.source}"):
        for trace in log.runs():
            held.add(trace)
    reading.tell(known=0)
    effects = classify_effects(log.summary.all_specs())
    tools = {
        name: {"calls": count, "failed": held.failed[name], "effect": str(effects[name])}
        for name, count in _sort_counts(held.calls).items()
    }
    if as_json:
        put_json(held.figures() | {"tools": tools})
        return
    lines = (f"{name.replace('_', ' '):<12} {_format_value(value)}" for name, value in held.figures().items())
    put("\n".join(lines) + "\n")
    rows = [
        [name, f"{each['calls']:,}", f"{each['failed']:,}", str(each["effect"])]
        for name, each in tools.items()
    ]
    if rows:
        put_table("Tools", ["tool", "calls", "failed", "effect"], rows)
    name_unknown_effects(effects, held.calls)


@dataclass(slots=True)
class _Contents:
    """What was counted so far; runs of one conversation count as one trace."""

    traces: int = 0
    model_calls: int = 0
    tokens: int = 0
    tasks: Distinct = field(default_factory=Distinct)
    calls: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    domains: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)

    def add(self, trace: Trace) -> None:
        self.traces += 1
        self.model_calls += len(trace.model_calls)
        self.tokens += sum(call.usage.total_tokens for call in trace.model_calls if call.usage)
        self.tasks.add_one(int(compute_digest(trace.task_key), 16))
        self.calls.update(call.name for call in trace.tool_calls)
        self.failed.update(call.name for call in trace.tool_calls if call.status != "ok")
        self.domains[trace.domain] += 1
        self.models[trace.model] += 1
        self.outcomes[_OUTCOMES[trace.success]] += 1

    def figures(self) -> dict[str, Any]:
        return {
            "traces": self.traces,
            "tasks": len(self.tasks),
            "model_calls": self.model_calls,
            "tool_calls": self.calls.total(),
            "tokens": self.tokens,
            "domains": _sort_counts(self.domains),
            "models": _sort_counts(self.models),
            "outcomes": _sort_counts(self.outcomes),
        }


def _format_value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name or 'none'} ({count:,})" for name, count in value.items()) or "none"
    return f"{value:,}"


def _sort_counts(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
