"""What the executor says about one run of a meta-tool: plain data.

What is made anew for every call is a named tuple, which costs a third of a frozen dataclass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.effect import Effect


class Call(NamedTuple):
    """One call of an original tool.

    Attributes:
        key: what it is known by within its run: its step and the digest of tool and arguments.
        mapped: whether it is one of several of its step.
    """

    step: int
    tool: str
    args: dict[str, JSONValue]
    key: str
    effect: Effect = Effect.UNKNOWN
    mapped: bool = False


class Succeeded(NamedTuple):
    """A call that was made; `output` is what it said, not decoded, `reply` the message it was read from, not looked into here.

    Attributes:
        args: what it was really made with, where a person or a guard changed what was asked for.
    """

    output: JSONValue
    reply: object = None
    args: dict[str, JSONValue] | None = None


class Failed(NamedTuple):
    """A call that was made and failed, in words that a model can act on; `ended` if it took effect all the same."""

    error: str
    ended: bool = False


Outcome: TypeAlias = Succeeded | Failed


class Done(NamedTuple):
    """A call and what came of it."""

    call: Call
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

    done: tuple[Done, ...]
    stop: Stop | None = None
    remaining: tuple[Remaining, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one run of a meta-tool.

    Attributes:
        calls: at most this many calls altogether.
        concurrency: at most this many reads at once.
        timeout: seconds for one call; `None` waits for ever. A sync call that is too slow goes on in its thread.
        read_retries: how often a read that raised is tried again; writes never are.
        output_chars: a longer output is cut in the message to the model and kept whole in the artifact.
        answer_chars: about so many characters of a completed or stopped routine are told altogether.
        shape: leaves out of the message what the recorded agents never used of an output; the artifact has it.
    """

    calls: int = 60
    concurrency: int = 8
    timeout: float | None = None
    read_retries: int = 1
    output_chars: int = 20_000
    answer_chars: int = 80_000
    shape: bool = True


DEFAULT_LIMITS: Final = Limits()
"""The bounds unless the user says otherwise."""
