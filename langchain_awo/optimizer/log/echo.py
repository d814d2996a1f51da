"""What taking the echo of meta-tools out of traces brings: counts over all traces, and what is put back of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TypeAlias

from langchain_awo.model.trace.trace import ToolCallRecord


@dataclass(slots=True, kw_only=True)
class Echo:
    """What was taken for what, over all traces.

    Attributes:
        uses: calls of meta-tools that count as their steps, by name.
        continued: calls that ran unasked and count as asked for, by name of the meta-tool.
        unused: calls that meta-tools made, and nothing of what they returned came back; they are left out.
        from_answers: of the uses, those that were read back from the answer.
        dropped: calls of meta-tools of which nothing is known, by name; they are left out.
        model_calls: put in, one for each round that a model did not have to ask for.
    """

    uses: Counter[str] = field(default_factory=Counter)
    continued: Counter[str] = field(default_factory=Counter)
    unused: Counter[str] = field(default_factory=Counter)
    from_answers: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    model_calls: int = 0


Rounds: TypeAlias = Mapping[tuple[str, str], Sequence[Sequence[ToolCallRecord]]]
"""The calls of each model call that would have been made, by the name of a meta-tool and the id of its call, or of the call it went on from."""


@dataclass(frozen=True, slots=True)
class PutBack:
    """What the meta-tools of one trace did, in terms of an agent without them.

    Attributes:
        rounds: that it would have made.
        wanted: ids of the calls inside meta-tools that it would have made too.
        most: the rounds if it would have made every call whose result it had not read before. That it used a result shows only in
            what it said or asked for afterwards; what it made of the others in silence nobody can know.
    """

    rounds: Rounds
    wanted: AbstractSet[str]
    most: Rounds
