"""How a random case of `tests.runtime.twins` is played: all its users at the same time, over one real database."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    ClearToolUsesEdit,
    ContextEditingMiddleware,
    HumanInTheLoopMiddleware,
    SummarizationMiddleware,
    ToolRetryMiddleware,
    before_model,
)
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphBubbleUp
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.model.ir.binding import Parameter
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.journal.journal import RunMemory
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from langchain_awo.testing import ScriptedChatModel
from tests.runtime.desk import plan_of, routine, step
from tests.runtime.twins import Call, Host, Talk, Turn, Twins
from tests.runtime.twins_office import Office, whose

PATIENCE = 40


class CutOffError(Exception):
    """An execution was ended in the middle of a call."""


@dataclass
class Person:
    """A user, while their talk is going on.

    Attributes:
        script: what the model asks for next.
        shown: the contents of the answers of tools in every prompt.
        told: the messages of the thread, or how it failed, after every turn.
    """

    name: str
    talk: Talk
    script: list[tuple[Call, ...]] = field(default_factory=list)
    shown: list[list[Any]] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)
    said: int = 0
    decided: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def thread(self) -> Any:
        return self.at({"configurable": {"thread_id": self.name}})

    def at(self, checkpoint: Any) -> Any:
        """A place in the thread, as this user."""
        return {"configurable": {**checkpoint["configurable"], "user_id": self.name}}

    def answer(self, question: Any) -> Any:
        if "confirm" in question:
            return f"yes to {question['confirm']}"
        return {"decisions": [self._decide(each) for each in question["action_requests"]]}

    def _decide(self, asked: Any) -> Any:
        decision = self.talk.decisions[self.decided % len(self.talk.decisions)]
        self.decided += 1
        match decision:
            case "edit":
                args = {"of": f"{asked['args']['of']}:edited"}
                return {"type": "edit", "edited_action": {"name": asked["name"], "args": args}}
            case "reject":
                return {"type": "reject", "message": "no"}
        return {"type": "approve"}


class Played:
    """One of the two agents, with all its users."""

    def __init__(self, pair: Twins, office: Office, *, with_toolkit: bool) -> None:
        self.pair, self.office, self.with_toolkit = pair, office, with_toolkit
        self.people = {name: Person(name, talk) for name, talk in zip(office.desks, pair.talks, strict=True)}
        self.saver = InMemorySaver()
        self.installed: list[MetaToolMiddleware] = []

    async def play(self) -> None:
        """Serves all users at the same time, each to the end."""
        await asyncio.gather(*(self._serve(person, self._agent()) for person in self.people.values()))

    # --- the agent ---

    def _agent(self) -> Any:
        pair = self.pair
        ours = [self._toolkit()] if self.with_toolkit else []
        before, after = ([self._host(each) for each in hosts] for hosts in (pair.before, pair.after))
        model, middleware = ScriptedChatModel(policy=self._say), [*before, *ours, *after]
        if not pair.is_part:
            return create_agent(model, self.office.tools, middleware=middleware, checkpointer=self.saver)
        graph = StateGraph(MessagesState)
        graph.add_node("agent", create_agent(model, self.office.tools, middleware=middleware))
        graph.add_edge(START, "agent")
        return graph.compile(checkpointer=self.saver)

    def _toolkit(self) -> Any:
        args = {"of": Parameter(name="email")}
        reads = [step(name, args=args, eager=True, effect=Effect.READ) for name in self.pair.steps]
        made = routine("help_user", step("find_user", args=args), *reads, mode=self.pair.mode)
        toolkit = MetaToolkit(
            plan=plan_of(self.office.tools, made), tools=self.office.tools, memory=RunMemory()
        )
        self.installed.append(MetaToolMiddleware(toolkit, entry=lambda state, runtime: {"email": "a"}))
        return self.installed[-1]

    def _say(self, messages: Any, tools: Any) -> Any:
        person = self.people[whose()]
        person.shown.append([each.content for each in messages if isinstance(each, ToolMessage)])
        calls = person.script.pop(0) if person.script else ()
        person.said += 1
        self.office.desks[person.name].is_alone = len(calls) == 1
        if not calls:
            return AIMessage(f"done {person.said}")
        ids = [f"c{person.said}.{n}" if self.pair.ids is None else self.pair.ids for n in range(len(calls))]
        asked = [
            {"name": name, "args": {"of": of}, "id": each, "type": "tool_call"}
            for (name, of), each in zip(calls, ids, strict=True)
        ]
        return AIMessage(f"asks {person.said}", tool_calls=asked)

    def _host(self, kind: Host) -> Any:
        match kind:
            case "watches":
                return Watch(self.office)
            case "asks":
                return HumanInTheLoopMiddleware({"refund": True})
            case "retries":
                return ToolRetryMiddleware(max_retries=1, initial_delay=0, retry_on=_is_failure)
            case "removes":
                return before_model(_remove_the_first)
            case "adds":
                return before_model(_add_a_word)
            case "clears":
                return ContextEditingMiddleware(edits=[ClearToolUsesEdit(trigger=1, keep=1)])
            case "summarizes":
                words = ScriptedChatModel(policy=lambda messages, tools: "It was long.")
                return SummarizationMiddleware(model=words, trigger=("messages", 5), keep=("messages", 3))

    # --- a talk ---

    async def _serve(self, person: Person, agent: Any) -> None:
        begins = person.thread
        for number, turn in enumerate(person.talk.turns):
            if number and self.pair.is_anew:
                agent = self._agent()
            if number and not turn.forks:
                begins = person.at((await agent.aget_state(person.thread)).config)
            person.script, first = list(turn.messages), person.said + 1
            given = {"messages": [HumanMessage(f"turn {number}", id=f"h{number}")]}
            config = begins if turn.forks and number else person.thread
            person.told.append(await self._go(person, agent, turn, given, config))
            if turn.repeats:
                await self._repeat(person, agent, turn, f"asks {first}")

    async def _repeat(self, person: Person, agent: Any, turn: Turn, first: str) -> None:
        """Goes on once more from where the calls of the first message of a turn were about to be made."""
        found = [
            each
            async for each in agent.aget_state_history(person.thread)
            if "tools" in each.next and each.values["messages"][-1].content == first
        ]
        person.told.append(len(found) > 0)
        if found:
            person.counts["turns repeated from their middle"] += 1
            person.script = list(turn.messages[1:])
            self.office.desks[person.name].is_alone = len(turn.messages[0]) == 1
            person.told.append(await self._go(person, agent, turn, None, person.at(found[0].config)))

    async def _go(self, person: Person, agent: Any, turn: Turn, given: Any, config: Any) -> Any:
        """The messages of the thread at the end of a turn, or how it failed."""
        desk = self.office.desks[person.name]
        desk.cut = turn.cut
        try:
            for _ in range(PATIENCE):
                try:
                    state = await self._call(person, agent, given, config)
                except CutOffError:
                    person.counts["executions cut off"] += 1
                    given, config = None, person.thread
                    continue
                config = person.thread
                if not (questions := state.get("__interrupt__")):
                    return state["messages"]
                given = Command(resume=self._answers(person, questions))
        except Exception as error:  # noqa: BLE001  # both have to fail in the same way
            return repr(error)
        finally:
            desk.cut = None
        raise AssertionError("it never ends")

    def _answers(self, person: Person, questions: Any) -> dict[str, Any]:
        ordered = sorted(questions, key=lambda each: str(each.value))
        taken = {"all": ordered, "first": ordered[:1], "last": ordered[-1:]}[person.talk.answers]
        person.counts["questions answered"] += len(taken)
        person.counts["questions left open by an answer"] += len(ordered) - len(taken)
        return {each.id: person.answer(each.value) for each in taken}

    async def _call(self, person: Person, agent: Any, given: Any, config: Any) -> Any:
        how = person.talk.how
        more = {"durability": "sync"} if any(turn.cut for turn in person.talk.turns) else {}
        if how == "invoke":
            return await asyncio.to_thread(_unless_cut, lambda: agent.invoke(given, config, **more))
        if how == "stream":
            more["stream_mode"] = "values"
            return await asyncio.to_thread(_unless_cut, lambda: _last(agent.stream(given, config, **more)))
        work = (
            agent.ainvoke(given, config, **more) if how == "ainvoke" else _alast(agent, given, config, more)
        )
        return await self._unless_cancelled(person, work)

    async def _unless_cancelled(self, person: Person, work: Any) -> Any:
        loop, gone, task = asyncio.get_running_loop(), threading.Event(), asyncio.ensure_future(work)

        def end() -> None:
            loop.call_soon_threadsafe(task.cancel)
            assert gone.wait(60)

        desk = self.office.desks[person.name]
        desk.end = end
        try:
            return await task
        except asyncio.CancelledError:
            raise CutOffError from None
        finally:
            gone.set()
            desk.end = None


def _unless_cut(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except KeyboardInterrupt:
        raise CutOffError from None


def _last(chunks: Any) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for chunk in chunks:
        state |= chunk
    return state


async def _alast(agent: Any, given: Any, config: Any, more: Any) -> dict[str, Any]:
    state: dict[str, Any] = {}
    async for chunk in agent.astream(given, config, stream_mode="values", **more):
        state |= chunk
    return state


def _is_failure(error: Exception) -> bool:
    return not isinstance(error, GraphBubbleUp)


def _remove_the_first(state: Any, runtime: Any) -> Any:
    first = state["messages"][0]
    is_removed = len(state["messages"]) > 4 and first.type != "ai"
    return {"messages": [RemoveMessage(id=first.id)]} if is_removed else None


def _add_a_word(state: Any, runtime: Any) -> Any:
    return {"messages": [HumanMessage("go on", id=f"w{len(state['messages'])}")]}


class Watch(AgentMiddleware):
    """A guard of the host that goes by the names of tools."""

    def __init__(self, office: Office) -> None:
        super().__init__()
        self.office = office

    def wrap_tool_call(self, request: Any, handler: Any) -> Any:
        self._look(request)
        return handler(request)

    async def awrap_tool_call(self, request: Any, handler: Any) -> Any:
        self._look(request)
        return await handler(request)

    def _look(self, request: Any) -> None:
        watched = self.office.desks[whose()].watched
        watched.append((request.tool_call["name"], request.tool_call["args"]["of"]))
