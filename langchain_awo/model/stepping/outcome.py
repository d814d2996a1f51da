"""What passes between a routine and whoever makes its calls: plain data.

What is made anew for every call is a named tuple, which costs a third of a frozen dataclass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

from langchain_awo.model.ir.pointer import MISSING
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.effect import Effect

MAX_CALLS: Final = 60
"""Calls of one run of a meta-tool, unless the user says otherwise."""

MAX_UNASKED_CALLS: Final = 12
"""The same where it goes on from a call of the model's, that one included."""

MAX_CALLS_AHEAD: Final = 6
"""The same where it reads ahead of the model."""


class OriginalCall(NamedTuple):
    """One call of an original tool.

    Attributes:
        key: what it is known by within its run.
        mapped: whether it is one of several of its step.
    """

    step: int
    tool: str
    args: dict[str, JSONValue]
    key: str
    effect: Effect = Effect.UNKNOWN
    mapped: bool = False


class Succeeded(NamedTuple):
    """A call that was made; `output` is what it said, `reply` the message it was read from, not looked into here.

    Attributes:
        args: what it was really made with, where a person or a guard changed what was asked for.
        decoded: the output with its structure recovered, where the caller has it already.
    """

    output: JSONValue
    reply: object = None
    args: dict[str, JSONValue] | None = None
    decoded: JSONValue = MISSING


class Failed(NamedTuple):
    """A call that was made and failed, in words that a model can act on; `ended` if it took effect all the same."""

    error: str
    ended: bool = False


class Unrecorded(NamedTuple):
    """A call that a replay would make and no recording shows: what depends on its output cannot be decided."""


Outcome: TypeAlias = Succeeded | Failed
"""What comes of a call that is really made."""


class FinishedCall(NamedTuple):
    """A call and what came of it."""

    call: OriginalCall
    output: JSONValue
    reply: object = None


StopKind: TypeAlias = Literal["failed", "unresolved", "guard", "suspicious", "budget"]
"""`failed` and `unresolved` are failures of a step; the others end a routine that should not go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why a routine ended early, and at which step."""

    kind: StopKind
    step: int
    reason: str
    args: dict[str, JSONValue] = field(default_factory=dict)

    @property
    def is_failure(self) -> bool:
        """Whether a step failed, as opposed to a routine that does not apply here."""
        return self.kind in ("failed", "unresolved")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """A step that was not run, with those of its arguments that are known already."""

    step: int
    tool: str
    args: dict[str, JSONValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a routine.

    Attributes:
        done: every call that succeeded, by step and in the order of the items.
        remaining: the steps after the one that stopped it; that one too, unless it failed.
        notes: what a reader should know besides, such as items left out.
    """

    done: tuple[FinishedCall, ...]
    stop: Stop | None = None
    remaining: tuple[Remaining, ...] = ()
    notes: tuple[str, ...] = ()
