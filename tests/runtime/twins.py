"""Two agents with one script over a real database each: one plain, one with a toolkit that its model never asks for by name.

    python -m tests.runtime.twins [--cases 400] [--start 0]

Plays so many random conversations of one to three users twice and prints what they were made of; fails at the first in which the
two agents differ.
"""

import argparse
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

Call: TypeAlias = tuple[str, str]
"""A tool and its one argument."""

Decision: TypeAlias = Literal["approve", "edit", "reject"]
Host: TypeAlias = Literal["watches", "asks", "retries", "removes", "clears", "summarizes", "adds"]
Moment: TypeAlias = Literal["before", "after"]
"""Whether an execution is cut off before or after a write takes effect."""

READS = ("find_user", "get_order", "balance", "picture", "broken", "missing")
WRITES = ("send", "refund", "transfer", "confirm")
TOOLS = (*READS, *WRITES, "unknown")
FAILING = ("missing", "send")
"""What ends the run, unless the host retries it."""


@dataclass(frozen=True)
class Turn:
    """What a user starts.

    Attributes:
        messages: the calls of every message of the model, before its last one.
        forks: the turn begins where the one before began, as if that had never been.
        repeats: when it has ended, it is gone on with from the checkpoint behind its first message of the model.
        cut: the execution is cut off in its first write that is made alone, by Ctrl-C or by the cancellation of its task.
    """

    messages: tuple[tuple[Call, ...], ...]
    forks: bool = False
    repeats: bool = False
    cut: Moment | None = None


@dataclass(frozen=True)
class Talk:
    """What one user does, in a thread of their own, at the same time as the others.

    Attributes:
        how: how the agent is called.
        decisions: what a person says when asked, over and over.
        answers: which of several questions are answered first; the others stay open.
    """

    turns: tuple[Turn, ...]
    how: str = "invoke"
    decisions: tuple[Decision, ...] = ("approve",)
    answers: Literal["all", "first", "last"] = "all"


@dataclass(frozen=True)
class Twins:
    """One random case.

    Attributes:
        talks: of one process, with one checkpointer.
        steps: the tools of the routine behind `find_user`, in order.
        mode: how the toolkit is installed in the second agent.
        ids: what the model server gives: ids of their own, empty ones, or always the same.
        before: middleware of the host, in front of ours.
        after: and behind it.
        is_part: the agent is a node of another graph.
        is_anew: every turn has an agent of its own, as in servers that build one for each request.
    """

    talks: tuple[Talk, ...]
    steps: tuple[str, ...]
    mode: str
    ids: str | None = None
    before: tuple[Host, ...] = ()
    after: tuple[Host, ...] = ()
    is_part: bool = False
    is_anew: bool = False


@st.composite
def twins(draw: Any) -> Twins:
    answering = st.sampled_from(READS[1:-1])
    steps = tuple(draw(st.lists(answering | st.sampled_from(READS[1:]), min_size=1, max_size=3)))
    hosts = st.lists(st.sampled_from(get_args(Host)), max_size=2, unique=True)
    before, after = draw(hosts), draw(hosts)
    users = draw(st.sampled_from([1, 1, 2, 3]))
    return Twins(
        talks=tuple(draw(_talks(steps)) for _ in range(users)),
        steps=steps,
        mode=draw(st.sampled_from(["continue", "continue", "prefetch", "append", "entry"])),
        ids=draw(st.sampled_from([None, "", "call_0"])),
        before=tuple(before),
        after=tuple(each for each in after if each not in before),
        is_part=draw(st.booleans()),
        is_anew=draw(st.booleans()),
    )


def _talks(steps: tuple[str, ...]) -> st.SearchStrategy[Talk]:
    call = st.tuples(st.sampled_from(TOOLS), st.sampled_from(["a", "a", "b"]))
    likely = st.sampled_from([("find_user", "a"), (steps[0], "a"), (steps[-1], "a"), ("refund", "a")])
    asked_for = st.sampled_from(steps).map(lambda name: ((name, "a"),))
    message = asked_for | st.lists(likely | call, min_size=1, max_size=3).map(_without_races)
    finds = st.just((("find_user", "a"),))
    chance = st.tuples(finds | message, st.lists(message, max_size=3)).map(lambda each: (each[0], *each[1]))
    written = st.sampled_from([*WRITES, *WRITES[1:]]).map(lambda name: ((name, "a"),))
    turn = st.builds(
        Turn,
        chance | st.tuples(finds, written, asked_for),
        forks=st.booleans(),
        repeats=st.sampled_from([False, False, True]),
        cut=st.sampled_from([None, None, None, *get_args(Moment)]),
    )
    return st.builds(
        Talk,
        st.lists(turn, min_size=1, max_size=3).map(tuple),
        how=st.sampled_from(["invoke", "ainvoke", "stream", "astream"]),
        decisions=st.lists(st.sampled_from(get_args(Decision)), min_size=1, max_size=3).map(tuple),
        answers=st.sampled_from(["all", "first", "last"]),
    )


def _without_races(calls: list[Call]) -> tuple[Call, ...]:
    """Calls of which it is no chance, with or without a toolkit, who comes first.

    What is called beside a write is about somebody else, and what fails for good is called alone.
    """
    if failing := [call for call in calls if call[0] in FAILING]:
        return (failing[0],)
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
    from tests.runtime.twins_compared import compare  # it needs the types of this module

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
