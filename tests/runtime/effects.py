"""Random routines, failures, interrupts and changes of process over a real database, and what came of them.

    python -m tests.runtime.effects [--cases 400]

Runs so many random cases and prints how many writes were wanted, made, made twice and left out.
"""

import argparse
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from langchain_awo.model.ir.binding import Binding, Item, ListOf, Output, Parameter, Template
from langchain_awo.model.ir.metatool import Map, MetaTool, Step
from tests.runtime.desk import routine, step

Row: TypeAlias = tuple[str, str]
"""A call of the original tools: its name and its first argument."""

Moment: TypeAlias = Literal["before", "after"]
"""Whether an execution is cut off before or after a call takes effect."""


@dataclass(frozen=True)
class World:
    """One random case.

    Attributes:
        users: each has a thread, and all are served at the same time by one process.
        expected: the calls of each user, in the order of the steps.
        failing: how often which call fails.
        asking: the calls that ask a person.
        cut: the calls in which the execution is cut off, by Ctrl-C or by the cancellation of its task.
        forgets: every request is answered by another process, which knows only the checkpoints and the store.
        ids: what the model server gives: ids of their own, empty ones, or always the same.
        hands_on: the model goes on with the resume token; else it just calls again.
        summarizes: the hand-back is summarised away before it does.
        by_hand: the model does not go on with a routine that stopped, but makes what the hand-back says is missing.
        retries: a middleware or a policy runs again what raises.
        workers: so many resume at the same time.
        kind: create_agent or a graph with the meta-tools as tools, or create_agent with the middleware.
        ours_is: where the middleware stands among those of the host.
        is_part: the agent is a node of another graph.
        streams: the agent is called for a stream of its states.
        beside: every message of the model that calls the routine also asks for something else.
    """

    meta_tool: MetaTool
    users: tuple[str, ...]
    expected: dict[str, tuple[Row, ...]]
    failing: dict[str, int]
    asking: frozenset[str]
    cut: dict[str, Moment]
    is_async: bool
    forgets: bool
    kind: str
    ids: str | None
    hands_on: bool
    summarizes: bool
    by_hand: bool
    retries: bool
    workers: int
    ours_is: Literal["first", "last"]
    is_part: bool
    streams: bool
    beside: bool

    def answered(self, user: str) -> list[Row]:
        """The rows that there should be of a user, in order: each call once, with the answer to its own question."""
        return [
            (name, f"{args}:yes to {args}" if f"{name} {args}" in self.asking else args)
            for name, args in self.expected[user]
        ]


@st.composite
def worlds(draw: Any) -> World:
    shapes = draw(st.lists(st.sampled_from(["read", "reads", "write", "writes"]), min_size=1, max_size=5))
    users = ("a@b", "c@d")[: draw(st.sampled_from([1, 1, 2]))]
    steps: list[Step] = []
    expected: dict[str, list[Row]] = {user: [] for user in users}
    for number, shape in enumerate(shapes, start=1):
        looked_up = [at for at, each in enumerate(shapes[: number - 1], start=1) if each == "read"]
        source = draw(st.none() | st.sampled_from(looked_up)) if looked_up else None
        steps.append(_step(number, shape, source))
        for user in users:
            expected[user] += _rows(user, number, shape, source, expected[user])
    trouble = st.lists(
        st.sampled_from([row for rows in expected.values() for row in rows]), max_size=3, unique=True
    )
    reads_fail_more = {"get_order": 2, "refund": 1}  # one failure of a read is retried without anybody's help
    summarizes, workers = draw(st.booleans()), draw(st.sampled_from([1, 1, 2]))
    cut = {f"{name} {args}": draw(st.sampled_from(["before", "after"])) for name, args in draw(trouble)[:1]}
    return World(
        meta_tool=routine("help_user", *steps),
        users=users,
        expected={user: tuple(rows) for user, rows in expected.items()},
        failing={f"{name} {args}": reads_fail_more[name] for name, args in draw(trouble)},
        asking=frozenset(f"{name} {args}" for name, args in draw(trouble)),
        cut=cut if workers == 1 and draw(st.booleans()) else {},
        is_async=draw(st.booleans()),
        forgets=draw(st.booleans()),
        kind=draw(st.sampled_from(["create_agent", "middleware", *([] if summarizes else ["state_graph"])])),
        ids=draw(st.sampled_from([None, "", "call_0"])),
        hands_on=not summarizes and draw(st.booleans()),
        summarizes=summarizes,
        by_hand=not summarizes and workers == 1 and draw(st.booleans()),
        retries=draw(st.booleans()),
        workers=workers,
        ours_is=draw(st.sampled_from(["first", "last"])),
        is_part=workers == 1 and draw(st.booleans()),
        streams=draw(st.booleans()),
        beside=not summarizes and draw(st.booleans()),
    )


def _step(number: int, shape: str, source: int | None) -> Step:
    """A call for the user, or for what an earlier step looked up; or three of them."""
    name = "get_order" if shape.startswith("read") else "refund"
    place: Binding = Parameter(name="email") if source is None else Output(step=source, path="/id")

    def numbered(suffix: str) -> Binding:
        return Template(prefix="", source=place, suffix=f"/{number}{suffix}")

    if not shape.endswith("s"):
        return step(name, args={"order_id": numbered("")})
    items = ListOf(elements=tuple(numbered(f"-{each}") for each in range(3)))
    return step(name, args={"order_id": Item()}, over=Map(source=items))


def _rows(user: str, number: int, shape: str, source: int | None, before: list[Row]) -> list[Row]:
    """What `_step` comes to, said in another way."""
    name = "get_order" if shape.startswith("read") else "refund"
    start = user
    if source is not None:
        start = next(args for _, args in before if args.endswith(f"/{source}"))
    suffixes = [f"-{each}" for each in range(3)] if shape.endswith("s") else [""]
    return [(name, f"{start}/{number}{suffix}") for suffix in suffixes]


def count(cases: int) -> Counter[str]:
    """Sums over so many random cases, the same in every run."""
    from tests.runtime.effects_played import effects_of  # it needs the worlds of this module

    total: Counter[str] = Counter()

    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(worlds())
    def each(world: World) -> None:
        effects = effects_of(world)
        wanted = [row for user in world.users for row in world.answered(user) if row[0] == "refund"]
        made = Counter(row for row in effects.rows if row[0] == "refund")
        total.update(
            {
                "routines": 1,
                "steps": len(world.meta_tool.steps),
                "users served at the same time": len(world.users) if len(world.users) > 1 else 0,
                "calls that fail": len(world.failing),
                "questions answered by a person": effects.interrupts,
                "executions cut off in the middle of a call": effects.cuts,
                "routines that change the process at every question": world.forgets
                and effects.interrupts > 0,
                "routines whose calls have odd ids": world.ids is not None,
                "agents with the middleware": world.kind == "middleware",
                "agents in another graph": world.is_part,
                "hand-backs that are summarised away or not gone on with": not world.hands_on,
                "routines resumed by two workers at once": world.workers > 1 and effects.interrupts > 0,
                "calls made by hand, as the hand-back says": effects.by_hand,
                "writes wanted": len(wanted),
                "writes made": made.total(),
                "writes made twice": made.total() - len(made),
                "writes left out": len(set(wanted) - made.keys()),
                "writes with the answer to another question": len(made.keys() - set(wanted)),
                "users whose writes came in another order": sum(
                    [row for row in effects.of(user) if row[0] == "refund"]
                    != [row for row in world.answered(user) if row[0] == "refund"]
                    for user in world.users
                ),
            }
        )

    each()
    return total


def main() -> None:
    """Counts and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=400)
    for name, number in count(parser.parse_args().cases).items():
        sys.stdout.write(f"{number:8,}  {name}\n")


if __name__ == "__main__":
    main()
