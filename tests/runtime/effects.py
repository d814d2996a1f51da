"""Random routines, failures, interrupts and changes of process over a real database, and what came of them.

    python -m tests.runtime.effects [--cases 400]

Runs so many random cases and prints how many writes were wanted, made, made twice and left out.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain.agents import create_agent
from langchain.agents.middleware import SummarizationMiddleware
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command

from langchain_awo.model.ir.binding import Constant, Item
from langchain_awo.model.ir.metatool import Map, MetaTool, Step
from langchain_awo.runtime.journal.journal import Memory
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from langchain_awo.testing import ScriptedChatModel, ask_tools
from tests.runtime.desk import Desk, ask, new_agent, plan_of, routine, step

THREAD = {"configurable": {"thread_id": "t"}}
PATIENCE = 60


@dataclass(frozen=True)
class World:
    """One random case.

    Attributes:
        failing: how often which call fails.
        asking: the calls that ask a person.
        forgets: every request is answered by another process, which knows only the checkpoints and the store.
        ids: what the model server gives: ids of their own, empty ones, or always the same.
        hands_on: the model goes on with the resume token; else it just calls again.
        summarizes: the hand-back is summarised away before it does.
        workers: so many resume at the same time.
    """

    meta_tool: MetaTool
    expected: tuple[tuple[str, str], ...]
    failing: dict[str, int]
    asking: frozenset[str]
    is_async: bool
    forgets: bool
    kind: str
    ids: str | None
    hands_on: bool
    summarizes: bool
    workers: int

    @property
    def answered(self) -> set[tuple[str, str]]:
        """The rows that there should be: each call once, with the answer to its own question."""
        return {
            (name, f"{args}:yes to {args}" if f"{name} {args}" in self.asking else args)
            for name, args in self.expected
        }


@st.composite
def worlds(draw: Any) -> World:
    shapes = draw(st.lists(st.sampled_from(["read", "reads", "write", "writes"]), min_size=1, max_size=5))
    steps, expected = [], []
    for number, shape in enumerate(shapes, start=1):
        made, rows = _step(number, shape)
        steps.append(made)
        expected += rows
    trouble = st.lists(st.sampled_from(expected), max_size=3, unique=True)
    reads_fail_more = {"get_order": 2, "refund": 1}  # one failure of a read is retried without anybody's help
    summarizes = draw(st.booleans())
    return World(
        meta_tool=routine("help_user", *steps),
        expected=tuple(expected),
        failing={f"{name} {args}": reads_fail_more[name] for name, args in draw(trouble)},
        asking=frozenset(f"{name} {args}" for name, args in draw(trouble)),
        is_async=draw(st.booleans()),
        forgets=draw(st.booleans()),
        kind="create_agent" if summarizes else draw(st.sampled_from(["create_agent", "state_graph"])),
        ids=draw(st.sampled_from([None, "", "call_0"])),
        hands_on=not summarizes and draw(st.booleans()),
        summarizes=summarizes,
        workers=draw(st.sampled_from([1, 1, 2])),
    )


def _step(number: int, shape: str) -> tuple[Step, list[tuple[str, str]]]:
    name = "get_order" if shape.startswith("read") else "refund"
    if not shape.endswith("s"):
        return step(name, args={"order_id": Constant(value=f"{number}")}), [(name, f"{number}")]
    items = [f"{number}-{each}" for each in range(3)]
    mapped = step(name, args={"order_id": Item()}, over=Map(source=Constant(value=items)))
    return mapped, [(name, item) for item in items]


def _policy(world: World) -> Any:
    """Calls until the routine is complete: with the resume token, just again, or again after a look at something else."""

    def say(messages: Any, tools: Any) -> Any:
        last = messages[-1]
        if last.type == "ai":
            return "done"  # the second of two workers came when all was done
        if last.type != "tool":
            return _asked(world, "help_user")
        if last.name == "find_user":
            return _asked(world, "help_user")
        told = json.loads(last.content)
        if told["status"] == "completed":
            return "done"
        if world.summarizes:
            return _asked(world, "find_user")
        takes_token = world.hands_on and "resume_token" in json.dumps(tools)
        return _asked(world, "help_user", **({"resume_token": told["resume_token"]} if takes_token else {}))

    return say


def _asked(world: World, name: str, **more: Any) -> Any:
    message = ask_tools((name, {"email": "a@b", **more}))
    if world.ids is not None:
        message.tool_calls[0]["id"] = world.ids
    return message


@dataclass(frozen=True)
class Effects:
    """What a case did: the rows of its calls, and how often a person was asked."""

    rows: list[tuple[str, str]]
    interrupts: int


def effects_of(world: World) -> Effects:
    """Runs a case over a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(f"{folder}/desk.db")
        desk.broken, desk.asks = dict(world.failing), set(world.asking)
        interrupts = _run(world, desk)
        rows = [row for row in desk.calls() if row[0] != "find_user"]
        return Effects(rows=rows, interrupts=interrupts)


def _run(world: World, desk: Desk) -> int:
    """Runs an agent to the end, answering every interrupt; returns how many there were."""
    saver, store, memory = InMemorySaver(), InMemoryStore(), Memory()

    def process(**more: Any) -> Any:
        """An agent, in a process of its own if the world forgets."""
        known = Memory() if world.forgets else memory
        plan = plan_of(desk.tools, world.meta_tool)
        toolkit = MetaToolkit(plan=plan, tools=desk.tools, memory=known)
        return _agent(world, desk, toolkit, checkpointer=saver, store=store, **more)

    def answer(agent: Any, given: Any) -> Any:
        return asyncio.run(agent.ainvoke(given, THREAD)) if world.is_async else agent.invoke(given, THREAD)

    state = answer(process(), ask())
    for interrupts in range(PATIENCE):
        if "__interrupt__" not in state:
            return interrupts
        question = state["__interrupt__"][0]
        said = Command(resume={question.id: f"yes to {question.value['args']}"})  # never to a later question
        if world.workers == 1:
            state = answer(process(), said)
            continue
        # both resume the routine, one goes on with the model: two would be two wishes
        agents = [process(interrupt_after=["tools"]) for _ in range(world.workers)]
        with ThreadPoolExecutor(world.workers) as pool:
            list(pool.map(answer, agents, [said] * world.workers))
        state = answer(process(), None)
    raise AssertionError("it never ends")


def _agent(world: World, desk: Desk, toolkit: MetaToolkit, **kept: Any) -> Any:
    model, tools = ScriptedChatModel(policy=_policy(world)), [*desk.tools, *toolkit.get_tools()]
    if not world.summarizes:
        return new_agent(world.kind, model, tools, **kept)
    words = ScriptedChatModel(policy=lambda messages, tools: "It was tried.")
    summary = SummarizationMiddleware(model=words, trigger=("messages", 4), keep=("messages", 2))
    return create_agent(model, tools, middleware=[summary], **kept)


def count(cases: int) -> Counter[str]:
    """Sums over so many random cases, the same in every run."""
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
        wanted = {row for row in world.answered if row[0] == "refund"}
        made = Counter(row for row in effects.rows if row[0] == "refund")
        total.update(
            {
                "routines": 1,
                "steps": len(world.meta_tool.steps),
                "calls that fail": len(world.failing),
                "questions answered by a person": effects.interrupts,
                "routines that change the process at every question": world.forgets
                and effects.interrupts > 0,
                "routines whose calls have odd ids": world.ids is not None,
                "hand-backs that are summarised away or not gone on with": not world.hands_on,
                "routines resumed by two workers at once": world.workers > 1 and effects.interrupts > 0,
                "writes wanted": len(wanted),
                "writes made": made.total(),
                "writes made twice": made.total() - len(made),
                "writes left out": len(wanted - made.keys()),
                "writes with the answer to another question": len(made.keys() - wanted),
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
