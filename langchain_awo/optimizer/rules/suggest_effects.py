"""Suggests tools of unknown effect as reads: nothing that was read twice around them differed, and they repeat themselves.

before::

    get_order(7) = A   frobnicate(1) = x   get_order(7) = A   frobnicate(1) = x      (many times, in many tasks)

after::

    kind: effect, tool: frobnicate, effect: read, on: false, evidence: called 40 times in 20 tasks; ...

Evidence is no proof: a mail that is sent changes nothing that agents read. A person decides, so the rule is off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from langchain_awo.model.rules import DeclareEffect
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.log.corpus import Call, Corpus, Run
from langchain_awo.optimizer.statistics import compute_lower_bound

CONFIDENCE: Final = 0.95
"""Of the lower bound."""

LEAST_SHARE: Final = 0.8
"""What the lower bound of both shares must reach: fourteen of fourteen do."""

MIN_TASKS: Final = 3
"""What fewer tasks show may be their own."""


@dataclass(slots=True)
class _Seen:
    """What was seen of a tool.

    Attributes:
        around: equal reads before and after it with no other doubtful call between, and those of them that returned the same.
        repeats: calls of it with arguments that it had in the run, nothing written since, and those that returned the same.
    """

    calls: int = 0
    tasks: set[str] = field(default_factory=set)
    around: int = 0
    around_same: int = 0
    repeats: int = 0
    repeats_same: int = 0


def suggest_effects(corpus: Corpus) -> Iterator[DeclareEffect]:
    """For each tool of unknown effect that looks like a read: a rule that says so, switched off, with its counts."""
    seen: defaultdict[str, _Seen] = defaultdict(_Seen)
    for run in corpus.runs:
        _watch(run, seen)
    for tool, each in sorted(seen.items()):
        if _looks_like_a_read(each):
            yield DeclareEffect(tool=tool, effect=Effect.READ, on=False, evidence=_describe_evidence(each))


def _watch(run: Run, seen: defaultdict[str, _Seen]) -> None:
    last: dict[str, tuple[int, Call]] = {}
    written = doubted = (
        other
    ) = -1  # where the last write was, the last doubtful call, and the last of another tool
    doubtful = ""
    calls = (call for segment in run.segments for each in segment.rounds for call in each.calls)
    for position, call in enumerate(calls):
        before, earlier = last.get(call.key, (-1, None))
        same = earlier is not None and call.output == earlier.output
        if call.effect is Effect.UNKNOWN:
            each = seen[call.tool]
            each.calls += 1
            each.tasks.add(run.task)
            other = doubted if call.tool != doubtful else other
            doubted, doubtful = position, call.tool
            if call.ok and earlier is not None and before > max(written, other):
                each.repeats += 1
                each.repeats_same += same
        elif not call.effect.is_read:
            written = position
        elif call.ok and earlier is not None and before > max(written, other) and before < doubted:
            seen[doubtful].around += 1
            seen[doubtful].around_same += same
        if call.ok:
            last[call.key] = (position, call)


def _looks_like_a_read(each: _Seen) -> bool:
    shares = ((each.around_same, each.around), (each.repeats_same, each.repeats))
    return len(each.tasks) >= MIN_TASKS and all(
        same == total and compute_lower_bound(same, total, CONFIDENCE) >= LEAST_SHARE
        for same, total in shares
    )


def _describe_evidence(each: _Seen) -> str:
    bound = min(
        compute_lower_bound(each.around_same, each.around, CONFIDENCE),
        compute_lower_bound(each.repeats_same, each.repeats, CONFIDENCE),
    )
    return (
        f"called {each.calls} times in {len(each.tasks)} tasks; {each.around_same} of {each.around} equal reads around it "
        f"returned the same; {each.repeats_same} of {each.repeats} calls with equal arguments returned the same; at least "
        f"{bound:.0%} of the time by a {CONFIDENCE:.0%} lower bound; effects that no read shows, such as a mail, are not seen"
    )
