"""What every tracing format comes down to: the spans of one run, ordered, nested, each model call once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from langchain_awo.capture.importers.turns import Turn
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Status, TokenUsage, ToolSpec

_SAME_REQUEST: Final = 0.5
"""Share of the longer of two model calls in which the other must lie to be the same request, traced twice."""

_DEEPEST: Final = 200
"""Spans around a span, at the most."""

_MILLISECONDS: Final = 1e11
_MICROSECONDS: Final = 1e14
_NANOSECONDS: Final = 1e17


@dataclass(slots=True, kw_only=True, eq=False)
class Span:
    """One span of a run.

    Attributes:
        metadata: what the caller and the framework attached.
        prompt: the messages a model was sent, as the source has them; `None` when it does not say.
        reply: the messages a model gave.
        args: arguments of a tool; `None` when the source does not say.
        value: the only argument of a tool, when the source gives it without its name.
        output: result of a tool, `None` when there is none.
        failed: how the tool ended if it did not end well.
        parent: the nearest span around it that is known.
    """

    span_id: str
    parent_id: str = ""
    kind: Literal["model", "tool", "other"] = "other"
    name: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    error: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    thread_id: str = ""
    prompt: list[JSONValue] | None = None
    reply: list[JSONValue] = field(default_factory=list)
    model: str = ""
    usage: TokenUsage | None = None
    offered: list[ToolSpec] = field(default_factory=list)
    args: dict[str, JSONValue] | None = None
    value: str | None = None
    output: JSONValue = None
    call_id: str = ""
    failed: Status | None = None
    about: str = ""
    parent: Span | None = None
    turn: Turn | None = None

    def around(self, kind: str) -> Span | None:
        """The nearest span of a kind around this one."""
        span = self.parent
        while span is not None and span.kind != kind:
            span = span.parent
        return span


def sort_spans(spans: Iterable[Span]) -> list[Span]:
    """Spans by their start, nested where the parent is known; a span without a time comes after the one before it."""
    kept = list(spans)
    latest = 0.0
    times: dict[int, tuple[float, int]] = {}
    for position, span in enumerate(kept):
        latest = span.started_at if span.started_at is not None else latest
        times[id(span)] = (latest, position)
    _nest(kept)
    return sorted(kept, key=lambda span: times[id(span)])


def _nest(spans: list[Span]) -> None:
    """Finds the parents. Broken exports have circles, and nothing makes nests of more than `_DEEPEST`: both are cut open."""
    known = {span.span_id: span for span in spans}
    depths: dict[int, int] = {}
    for span in spans:
        path, inside = [span], {id(span)}
        while id(path[-1]) not in depths:
            parent = known.get(path[-1].parent_id)
            if parent is None or id(parent) in inside:
                depths[id(path[-1])] = 0
                break
            path.append(parent)
            inside.add(id(parent))
        for inner, outer in zip(reversed(path[:-1]), reversed(path), strict=False):
            depth = depths[id(outer)] + 1
            inner.parent = outer if depth < _DEEPEST else None
            depths[id(inner)] = depth if inner.parent else 0


def deduplicate_model_calls(spans: list[Span]) -> list[Span]:
    """The model calls, each once: two instrumentors at once make two spans of one request.

    Kept is the inner one, or the one with usage; what it does not know it takes from the other.
    """
    kept: list[Span] = []
    dropped: set[int] = set()
    for span in spans:
        if span.kind != "model":
            continue
        outer = span.around("model")
        if (
            outer is None
            or id(outer) in dropped
            or ((tool := span.around("tool")) and tool.around("model") is outer)
        ):
            outer = kept[-1] if kept and _is_same_request(kept[-1], span) else None
        if outer is None:
            kept.append(span)
            continue
        winner, loser = (outer, span) if span.usage is None and outer.usage is not None else (span, outer)
        _complete(winner, loser)
        dropped.add(id(loser))
        if loser in kept[-3:]:
            kept[len(kept) - 1 - kept[::-1].index(loser)] = winner
        elif winner not in kept[-3:]:
            kept.append(winner)
    return kept


def _is_same_request(first: Span, second: Span) -> bool:
    times = (first.started_at, first.ended_at, second.started_at, second.ended_at)
    if None in times or not first.reply or first.parent is second:
        return False
    start, end, other_start, other_end = (float(time or 0) for time in times)
    overlap = min(end, other_end) - max(start, other_start)
    return (
        overlap > 0
        and overlap >= _SAME_REQUEST * max(end - start, other_end - other_start)
        and first.prompt is not None
        and second.prompt is not None
        and len(first.prompt) == len(second.prompt)
        and first.turn == second.turn
    )


def _complete(winner: Span, loser: Span) -> None:
    for name in ("prompt", "usage", "model", "offered", "reply", "error"):
        if not getattr(winner, name):
            setattr(winner, name, getattr(loser, name))
    winner.metadata = {**loser.metadata, **winner.metadata}


def parse_seconds(value: JSONValue) -> float | None:
    """A time as seconds since the epoch: ISO text (without a zone it is UTC), or a number in any unit.

    >>> parse_seconds("1970-01-01T00:00:01Z"), parse_seconds(1_700_000_000_000), parse_seconds("soon")
    (1.0, 1700000000.0, None)
    """
    if isinstance(value, str) and not re.fullmatch(r"\d+(\.\d+)?", value):
        try:
            moment = dt.datetime.fromisoformat(value.strip().replace(" UTC", "+00:00"))
            return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    number = float(value)
    for limit, unit in ((_NANOSECONDS, 1e9), (_MICROSECONDS, 1e6), (_MILLISECONDS, 1e3)):
        if number >= limit:
            return number / unit
    return number if number > 0 else None


def extract_error_line(text: str) -> str:
    r"""What an exception says, out of a representation, a traceback, or both in one text.

    >>> extract_error_line('ValueError("no")Traceback (most recent call last):\n  File "a.py", line 1\nValueError: no')
    'ValueError: no'
    """
    _, marker, trace = text.rpartition("Traceback (most recent call last)")
    if not marker:
        return text.strip()
    lines = trace.splitlines()
    last = max((number for number, line in enumerate(lines) if line.startswith("  File ")), default=0)
    said = [number for number in range(last + 1, len(lines)) if lines[number][:1] not in ("", " ")]
    kept = lines[said[0] :] if said else lines[-1:]
    notes = next(
        (number for number, line in enumerate(kept) if line.startswith("During task with name")), len(kept)
    )
    message = "\n".join(kept[:notes]).strip()
    kind, colon, rest = message.partition(":")
    return f"{kind.rpartition('.')[2]}{colon}{rest}" if colon else message


def classify_ending(error: str) -> tuple[Status, str | None]:
    """How a tool ended that raised: raising is also how graphs interrupt, hand over and are cancelled."""
    line = extract_error_line(error)
    kind = line.partition("(")[0].partition(":")[0].strip()
    if kind in ("GraphInterrupt", "NodeInterrupt", "Interrupt"):
        return "interrupted", None
    if kind == "ParentCommand":
        return "ok", None
    return ("cancelled" if kind == "CancelledError" else "error"), line
