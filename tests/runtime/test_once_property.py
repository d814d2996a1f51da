"""Nothing runs twice, for random routines, failures, interrupts and processes, counted in a real database."""

import asyncio
import json
import tempfile
from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command

from langchain_awo.model.binding import Constant, Item
from langchain_awo.model.metatool import Map, MetaTool, Step
from langchain_awo.runtime.toolkit import MetaToolkit
from langchain_awo.testing import ScriptedChatModel, ask_tools
from tests.runtime.desk import Desk, ask, call, new_agent, plan_of, routine, step

THREAD = {"configurable": {"thread_id": "t"}}
PATIENCE = 60


@dataclass(frozen=True)
class World:
    """One random case; `troubles` is what happens to which call, how often."""

    meta_tool: MetaTool
    expected: tuple[tuple[str, str], ...]
    failing: dict[str, int]
    asking: frozenset[str]
    is_async: bool
    forgets: bool
    kind: str


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
    return World(
        meta_tool=routine("help_user", *steps),
        expected=tuple(expected),
        failing={f"{name} {args}": reads_fail_more[name] for name, args in draw(trouble)},
        asking=frozenset(f"{name} {args}" for name, args in draw(trouble)),
        is_async=draw(st.booleans()),
        forgets=draw(st.booleans()),
        kind=draw(st.sampled_from(["create_agent", "state_graph"])),
    )


def _step(number: int, shape: str) -> tuple[Step, list[tuple[str, str]]]:
    name = "get_order" if shape.startswith("read") else "refund"
    if not shape.endswith("s"):
        return step(name, args={"order_id": Constant(value=f"{number}")}), [(name, f"{number}")]
    items = [f"{number}-{each}" for each in range(3)]
    mapped = step(name, args={"order_id": Item()}, over=Map(source=Constant(value=items)))
    return mapped, [(name, item) for item in items]


def _policy(messages: Any, tools: Any) -> Any:
    """Goes on with the resume token until the routine is complete; read-only routines are called again."""
    last = messages[-1]
    if last.type != "tool":
        return call("help_user", email="a@b")
    told = json.loads(last.content)
    if told["status"] == "completed":
        return "done"
    takes_token = "resume_token" in json.dumps(tools)
    token = {"resume_token": told["resume_token"]} if takes_token else {}
    return ask_tools(("help_user", {"email": "a@b", **token}))


def _run(world: World, desk: Desk) -> int:
    """Runs an agent to the end, answering every interrupt; returns how many there were."""
    saver, store = InMemorySaver(), InMemoryStore()
    agent: Any = None
    command: Any = ask()
    for interrupts in range(PATIENCE):
        if agent is None or world.forgets:  # another process knows only the checkpoints and the store
            toolkit = MetaToolkit(plan=plan_of(desk.tools, world.meta_tool), tools=desk.tools)
            tools, model = toolkit.get_tools(), ScriptedChatModel(policy=_policy)
            agent = new_agent(world.kind, model, tools, checkpointer=saver, store=store)
        state = (
            asyncio.run(agent.ainvoke(command, THREAD)) if world.is_async else agent.invoke(command, THREAD)
        )
        if "__interrupt__" not in state:
            return interrupts
        asked = state["__interrupt__"][0].value
        command = Command(resume=f"yes to {asked['args']}")
    raise AssertionError("it never ends")


@settings(max_examples=30, deadline=None)
@given(worlds())
def test_every_write_is_made_exactly_once_and_every_question_gets_its_own_answer(world: World) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(f"{folder}/desk.db")
        desk.broken, desk.asks = dict(world.failing), set(world.asking)
        interrupts = _run(world, desk)
        rows = desk.calls()
    answered = {
        (name, f"{args}:yes to {args}" if f"{name} {args}" in world.asking else args)
        for name, args in world.expected
    }
    assert {row for row in rows if row[0] == "refund"} == {row for row in answered if row[0] == "refund"}
    repeated = [row for row, times in Counter(rows).items() if times > 1]
    assert [row for row in repeated if row[0] == "refund"] == []
    if not world.meta_tool.effect.is_read:  # a read-only routine takes no token and may be asked anew
        assert repeated == []
        assert set(rows) == answered
    event(f"interrupts: {interrupts}")
    event(f"failures: {len(world.failing)}")
    event(f"rows: {len(rows)}")
