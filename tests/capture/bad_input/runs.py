"""Invented runs of any length in every format that can be imported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

Row: TypeAlias = dict[str, Any]

ASKED: Final = "Count the boats."
TOOL: Final = "get_boat"
_EPOCH: Final = 1_714_644_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run in which the model looks up one boat after another and then answers.

    Attributes:
        output: what every lookup gives.
        call_id: id of every call; `None` for ids of their own.
        parent: id of the span around the others; `None` for the root span.
        skew: seconds by which the clock of the tools is ahead.
    """

    name: str
    calls: int
    output: Any = "afloat"
    call_id: str | None = None
    parent: str | None = None
    skew: int = 0

    def id_of(self, number: int) -> str:
        """The id of a call."""
        return self.call_id if self.call_id is not None else f"c{number}"

    @property
    def text(self) -> str:
        """The output as a model is told it."""
        return self.output if isinstance(self.output, str) else json.dumps(self.output)

    @property
    def root(self) -> str:
        """The parent of every span."""
        return self.parent if self.parent is not None else span_id(0)


@dataclass(frozen=True, slots=True)
class Step:
    """A model call, or the execution of the tool call it issued.

    Attributes:
        number: of the tool call; the answer that ends the run has the number of calls.
        place: counts the steps of a run from 1.
        started: seconds since the epoch.
    """

    kind: str
    number: int
    place: int
    started: float


def steps_of(run: Run) -> Iterator[Step]:
    """What happened in a run, in order."""
    for number in range(run.calls):
        yield Step("model", number, 2 * number + 1, _EPOCH + 2 * number)
        yield Step("tool", number, 2 * number + 2, _EPOCH + 2 * number + 1 + run.skew)
    yield Step("model", run.calls, 2 * run.calls + 1, _EPOCH + 2 * run.calls)


def span_id(place: int) -> str:
    """A span's id in hexadecimal digits."""
    return f"{place + 1:016x}"


def called(run: Run, number: int) -> Row:
    """The message of the model that asks for a boat, as OpenAI has it; the last one answers."""
    if number == run.calls:
        return {"role": "assistant", "content": "Counted."}
    function = {"name": TOOL, "arguments": json.dumps({"boat": number})}
    return {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": run.id_of(number), "type": "function", "function": function}],
    }


def answered(run: Run, number: int) -> Row:
    """The message that tells the model of a boat."""
    return {"role": "tool", "tool_call_id": run.id_of(number), "content": run.text}


def prompt_of(run: Run, number: int) -> list[Row]:
    """What the model sees before a call: the question and the step before, as agents that trim their messages do."""
    user = {"role": "user", "content": ASKED}
    return [user, called(run, number - 1), answered(run, number - 1)] if number else [user]


@dataclass(frozen=True, slots=True)
class Family:
    """A format and how a run is written in it.

    Attributes:
        rows: the records of a run.
        ordered: whether the order of its records, or of what is in them, is all that tells the order of a run.
        alone: whether a file holds one run.
        spans: the list inside a record that may come in any order, for formats that have one.
    """

    name: str
    rows: Callable[[Run], Iterator[Row]]
    ordered: bool = False
    alone: bool = False
    spans: tuple[str, ...] = field(default=())
