"""How a random case of `tests.runtime.effects` is played: agents, users and people over one real database."""

import asyncio
import json
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from langchain.agents import create_agent
from langchain.agents.middleware import SummarizationMiddleware, ToolRetryMiddleware
from langchain_core.tools import BaseTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphBubbleUp
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.runtime.executor import performing
from langchain_awo.runtime.journal.journal import RunMemory
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from langchain_awo.testing import ScriptedChatModel, ask_tools
from tests.runtime.desk import Desk, ask, new_agent, plan_of
from tests.runtime.effects import Row, World

PATIENCE = 60

MOST_TURNS = 500
"""Of a model: one that is asked again and again is never told that all is done."""


@dataclass(frozen=True)
class Effects:
    """What a case did.

    Attributes:
        rows: the calls that took effect, in order.
        interrupts: how often a person was asked.
        cuts: how often an execution was cut off.
        by_hand: writes and reads that a model made itself, because the hand-back said that they were missing.
    """

    rows: list[Row]
    interrupts: int
    cuts: int
    by_hand: int

    def of(self, user: str) -> list[Row]:
        """Those of one user."""
        return [row for row in self.rows if row[1].startswith(f"{user}/")]


@dataclass
class Person:
    """A user, the model that serves them, and the execution that is going on.

    Attributes:
        todo: what the model makes itself, once it does; `None` before.
        turns: how often the model was asked.
        cut: ends the execution that is going on.
    """

    name: str
    todo: list[Row] | None = None
    turns: int = 0
    by_hand: int = 0
    interrupts: int = 0
    cut: Callable[[], None] | None = None


class CutDesk(Desk):
    """A desk in the middle of whose calls an execution ends."""

    def __init__(self, path: str, world: World) -> None:
        super().__init__(path)
        self.world, self.cuts = world, dict(world.cut)
        self.broken, self.asks = dict(world.failing), set(world.asking)
        self.people = {user: Person(user) for user in world.users}
        self.made = super().tools  # their schemas take longer to make than the whole case to play

    @property
    def tools(self) -> list[BaseTool]:
        return self.made

    def row(self, name: str, args: str) -> None:
        person = self.people.get(args.partition("/")[0])
        if person is None or person.todo is not None:  # what a model calls itself is not what is tried here
            self.broken.pop(f"{name} {args}", None)
            super().row(name, args)
            return
        if self.cuts.get(f"{name} {args}") == "before":
            self._cut(person, f"{name} {args}")
        super().row(name, args)
        if f"{name} {args}" in self.cuts:
            self._cut(person, f"{name} {args}")

    def _cut(self, person: Person, key: str) -> None:
        del self.cuts[key]
        if person.cut is not None:
            person.cut()
        raise KeyboardInterrupt


@dataclass
class Played:
    """A case that is going on; what outlives a process is kept here."""

    world: World
    desk: CutDesk
    saver: Any = field(default_factory=InMemorySaver)
    store: Any = field(default_factory=InMemoryStore)
    memory: RunMemory = field(default_factory=RunMemory)
    building: threading.Lock = field(default_factory=threading.Lock)

    async def serve(self, person: Person) -> None:
        """Serves a user to the end, answering every question and starting again after every cut."""
        state = await self._answer(person, self._agent(person), ask())
        for _ in range(PATIENCE):
            if state is None:
                state = await self._answer(person, self._agent(person), None)
            elif "__interrupt__" not in state:
                return
            else:
                state = await self._resumed(person, state["__interrupt__"][0])
        raise AssertionError("it never ends")

    async def _resumed(self, person: Person, question: Any) -> Any:
        person.interrupts += 1
        said = Command(resume={question.id: f"yes to {question.value['args']}"})  # never to a later question
        if self.world.workers == 1:
            return await self._answer(person, self._agent(person), said)
        # both resume the routine, one goes on with the model: two would be two wishes
        agents = [self._agent(person, interrupt_after=["tools"]) for _ in range(self.world.workers)]
        await asyncio.gather(*(self._answer(person, agent, said) for agent in agents))
        return await self._answer(person, self._agent(person), None)

    async def _answer(self, person: Person, agent: Any, given: Any) -> Any:
        """The state of a user's thread, or `None` if the execution was cut off."""
        thread: Any = {"configurable": {"thread_id": person.name, "user_id": person.name}}
        if not self.world.is_async:
            return await asyncio.to_thread(_unless_cut, lambda: self._call(agent, given, thread))
        loop, gone = asyncio.get_running_loop(), threading.Event()
        task = asyncio.create_task(self._acall(agent, given, thread))

        def cut() -> None:
            loop.call_soon_threadsafe(task.cancel)
            assert gone.wait(10)
            raise RuntimeError("nobody listens any more")

        person.cut = cut
        try:
            return await task
        except asyncio.CancelledError:
            gone.set()
            return None

    def _call(self, agent: Any, given: Any, thread: Any) -> Any:
        if not self.world.streams:
            return agent.invoke(given, thread, durability="sync")
        state: dict[str, Any] = {}
        for _, chunk in agent.stream(given, thread, durability="sync", stream_mode=["values"]):
            state |= chunk
        return state

    async def _acall(self, agent: Any, given: Any, thread: Any) -> Any:
        if not self.world.streams:
            return await agent.ainvoke(given, thread, durability="sync")
        state: dict[str, Any] = {}
        async for _, chunk in agent.astream(given, thread, durability="sync", stream_mode=["values"]):
            state |= chunk
        return state

    def _agent(self, person: Person, **more: Any) -> Any:
        """An agent, in a process of its own if the world forgets."""
        memory = RunMemory() if self.world.forgets else self.memory
        with self.building:  # LangChain changes the filters of warnings meanwhile
            plan = plan_of(self.desk.tools, self.world.meta_tool)
            toolkit = MetaToolkit(plan=plan, tools=self.desk.tools, memory=memory)
            model = ScriptedChatModel(policy=Policy(self.world, self.desk, person))
            kept = {"checkpointer": self.saver, "store": self.store, **more}
            if not self.world.is_part:
                return self._built(model, toolkit, **kept)
            graph = StateGraph(MessagesState)
            graph.add_node("agent", self._built(model, toolkit))
            graph.add_edge(START, "agent")
            return graph.compile(**kept)

    def _built(self, model: Any, toolkit: MetaToolkit, **kept: Any) -> Any:
        tools, installed = [*self.desk.tools, *toolkit.get_tools()], _middleware(self.world)
        if self.world.kind == "middleware":
            ours = [MetaToolMiddleware(toolkit)]
            order = [*ours, *installed] if self.world.ours_is == "first" else [*installed, *ours]
            return create_agent(model, self.desk.tools, middleware=order, **kept)
        if installed:
            return create_agent(model, tools, middleware=installed, **kept)
        return new_agent(self.world.kind, model, tools, **kept)


def _unless_cut(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except KeyboardInterrupt:
        return None


def _middleware(world: World) -> list[Any]:
    found: list[Any] = []
    if world.summarizes:
        words = ScriptedChatModel(policy=lambda messages, tools: "It was tried.")
        found.append(SummarizationMiddleware(model=words, trigger=("messages", 4), keep=("messages", 2)))
    if world.retries and world.kind != "state_graph":
        found.append(ToolRetryMiddleware(max_retries=2, initial_delay=0, retry_on=_is_failure))
    return found


def _is_failure(error: Exception) -> bool:
    return not isinstance(error, GraphBubbleUp)


@dataclass
class Policy:
    """A model that calls until all is done: with the resume token, just again, after a look at something else, or by hand."""

    world: World
    desk: CutDesk
    person: Person

    def __call__(self, messages: Any, tools: Any) -> Any:
        self.person.turns += 1
        assert self.person.turns <= MOST_TURNS, "the routine never ends"
        last = _answer_of_the_routine(messages)
        if last.type == "ai":
            return "done"  # the second of two workers came when all was done
        if self.person.todo is not None:
            return self._next_by_hand()
        if last.type != "tool" or last.name == "find_user":
            return self._routine()
        told = json.loads(last.content)
        if told["status"] == "completed":
            return "done"
        if self.world.by_hand or "its result is unknown" in told.get("failed", {}).get("error", ""):
            self.person.todo = [row for row in self._missing(told) if not self._took_effect(row)]
            return self._next_by_hand()
        if self.world.summarizes:
            return self._asked("find_user", email="a@b")
        takes_token = self.world.hands_on and "resume_token" in json.dumps(tools)
        return self._routine(**({"resume_token": told["resume_token"]} if takes_token else {}))

    def _missing(self, told: Any) -> list[Row]:
        """What a hand-back says was not done; of a step without arguments, what a model would work out by itself."""
        left = [*([told["failed"]] if "failed" in told else []), *told["remaining"]]
        rows: list[Row] = []
        for each in left:
            expected = [row for row in self.world.expected[self.person.name] if _is_of(row, each["step"])]
            rows += [(each["tool"], each["args"]["order_id"])] if "order_id" in each["args"] else expected
        return rows

    def _took_effect(self, row: Row) -> bool:
        """What a careful model looks up first."""
        return any(tool == row[0] and args.split(":")[0] == row[1] for tool, args in self.desk.calls())

    def _next_by_hand(self) -> Any:
        if not self.person.todo:
            return "done"
        name, args = self.person.todo.pop(0)
        self.person.by_hand += 1
        return self._asked(name, order_id=args)

    def _routine(self, **more: Any) -> Any:
        return self._asked("help_user", email=self.person.name, **more)

    def _asked(self, name: str, **args: Any) -> Any:
        beside = [("find_user", {"email": "x"})] if self.world.beside and name == "help_user" else []
        message = ask_tools((name, args), *beside)
        for asked in message.tool_calls if self.world.ids is not None else ():
            asked["id"] = self.world.ids
        return message


def _answer_of_the_routine(messages: Any) -> Any:
    """The last message, or the answer of the routine where it came beside others."""
    for message in reversed(messages):
        if message.type != "tool" or message.name == "help_user":
            return message if message.type == "tool" else messages[-1]
    return messages[-1]


def _is_of(row: Row, step: int) -> bool:
    return row[1].rpartition("/")[2].partition("-")[0] == str(step)


def effects_of(world: World) -> Effects:
    """Plays a case over a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        desk = CutDesk(f"{folder}/desk.db", world)
        played, people = Played(world, desk), list(desk.people.values())

        async def serve_all() -> None:
            await asyncio.gather(*map(played.serve, people))

        with patch.object(performing, "PATIENCE", performing.PATIENCE if world.workers > 1 else 0.05):
            asyncio.run(serve_all())  # where nobody else is at work, nobody ends what was cut off
        return Effects(
            rows=[row for row in desk.calls() if row[0] != "find_user"],
            interrupts=sum(person.interrupts for person in people),
            cuts=len(world.cut) - len(desk.cuts),
            by_hand=sum(person.by_hand for person in people),
        )
