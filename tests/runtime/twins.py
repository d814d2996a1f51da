"""Two agents with one script over a real database each: one plain, one with a toolkit that its model never asks for by name.

    python -m tests.runtime.twins [--cases 400] [--start 0]

Plays so many random conversations twice and prints what they were made of; fails at the first in which the two differ.
"""

import argparse
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

Call: TypeAlias = tuple[str, str]
"""A tool and its one argument."""

Decision: TypeAlias = Literal["approve", "edit", "reject"]
Host: TypeAlias = Literal["watches", "asks", "retries", "removes", "clears", "summarizes", "adds"]

TOOLS = (
    "find_user",
    "get_order",
    "balance",
    "picture",
    "broken",
    "refund",
    "transfer",
    "confirm",
    "unknown",
)
READS = ("find_user", "get_order", "balance", "picture", "broken")


@dataclass(frozen=True)
class Turn:
    """What a user starts.

    Attributes:
        messages: the calls of every message of the model, before its last one.
        forks: the turn begins where the one before began, as if that had never been.
    """

    messages: tuple[tuple[Call, ...], ...]
    forks: bool


@dataclass(frozen=True)
class Twins:
    """One random conversation.

    Attributes:
        steps: the tools of the routine behind `find_user`, in order.
        mode: how the toolkit is installed in the second agent.
        ids: what the model server gives: ids of their own, empty ones, or always the same.
        before: middleware of the host, in front of ours.
        after: and behind it.
        decisions: what a person says when asked, over and over.
        how: how the agent is called.
        is_part: the agent is a node of another graph.
    """

    turns: tuple[Turn, ...]
    steps: tuple[str, ...]
    mode: str
    ids: str | None
    before: tuple[Host, ...]
    after: tuple[Host, ...]
    decisions: tuple[Decision, ...]
    how: str
    is_part: bool


@st.composite
def twins(draw: Any) -> Twins:
    call = st.tuples(st.sampled_from(TOOLS), st.sampled_from(["a", "a", "b"]))
    steps = draw(st.lists(st.sampled_from(READS[1:]), min_size=1, max_size=3))
    likely = st.sampled_from([("find_user", "a"), (steps[0], "a"), (steps[-1], "a"), ("refund", "a")])
    message = st.lists(likely | call, min_size=1, max_size=3).map(_without_races)
    asked_for = st.sampled_from(steps).map(lambda name: ((name, "a"),))
    message = asked_for | message
    begins = st.just((("find_user", "a"),)) | message
    chance = st.tuples(begins, st.lists(message, max_size=3)).map(lambda each: (each[0], *each[1]))
    written = st.sampled_from(["refund", "transfer", "confirm"]).map(lambda name: ((name, "a"),))
    around_a_write = st.tuples(st.just((("find_user", "a"),)), written, asked_for)
    messages = chance | around_a_write
    turn = st.builds(Turn, messages, forks=st.booleans())
    hosts = st.lists(st.sampled_from(Host.__args__), max_size=1)  # type: ignore[attr-defined]
    before, after = draw(hosts), draw(hosts)
    return Twins(
        turns=tuple(draw(st.lists(turn, min_size=1, max_size=3))),
        steps=tuple(steps),
        mode=draw(st.sampled_from(["continue", "continue", "prefetch", "append", "entry"])),
        ids=draw(st.sampled_from([None, "", "call_0"])),
        before=tuple(before),
        after=tuple(each for each in after if each not in before),
        decisions=tuple(draw(st.lists(st.sampled_from(Decision.__args__), min_size=1, max_size=3))),  # type: ignore[attr-defined]
        how=draw(st.sampled_from(["invoke", "ainvoke", "stream", "astream"])),
        is_part=draw(st.booleans()),
    )


def _without_races(calls: list[Call]) -> tuple[Call, ...]:
    """What is called beside a write is about somebody else: who comes first is chance, with or without a toolkit."""
    written = {of for name, of in calls if name not in READS}
    return tuple(
        (name, of)
        for number, (name, of) in enumerate(calls)
        if of not in written or of not in {other for _, other in calls[:number]}
    )


def count(cases: int, *, start: int = 0) -> Counter[str]:
    """What so many random conversations were made of; the same in every run from one start.

    Raises:
        AssertionError: the two agents of one did not do the same.
    """
    from tests.runtime.twins_played import compare  # it needs the types of this module

    total: Counter[str] = Counter()

    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @seed(start)
    @given(twins())
    def each(pair: Twins) -> None:
        total.update(compare(pair))

    each()
    return total


def main() -> None:
    """Counts and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--start", type=int, default=0)
    asked = parser.parse_args()
    for name, number in sorted(count(asked.cases, start=asked.start).items()):
        sys.stdout.write(f"{number:8,}  {name}\n")


if __name__ == "__main__":
    main()
