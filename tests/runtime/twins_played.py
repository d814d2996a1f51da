"""How a random conversation of `tests.runtime.twins` is played and compared."""

import asyncio
import json
import re
import sqlite3
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any

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
from langchain_core.tools import BaseTool, InjectedToolCallId, ToolException, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphBubbleUp
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.model.ir.binding import Parameter
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.handback import split_fetched
from langchain_awo.runtime.journal.journal import RunMemory
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from langchain_awo.testing import ScriptedChatModel
from tests.runtime.desk import plan_of, routine, step
from tests.runtime.twins import READS, Call, Host, Twins

PATIENCE = 40


class Office:
    """Tools whose answers depend on what was written, so that an old answer is seen."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.watched: list[Call] = []
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE writes (tool TEXT, target TEXT)")
        db.close()

    def writes(self, target: str | None = None) -> list[Call]:
        db = sqlite3.connect(self.path, timeout=10)
        rows = db.execute("SELECT tool, target FROM writes ORDER BY rowid").fetchall()
        db.close()
        return [row for row in rows if target in (None, row[1].partition(":")[0])]

    def write(self, name: str, target: str) -> int:
        db = sqlite3.connect(self.path, timeout=10)
        with db:
            db.execute("INSERT INTO writes VALUES (?, ?)", (name, target))
        db.close()
        return len(self.writes(target))

    @cached_property
    def tools(self) -> list[BaseTool]:
        """Made once: their schemas take longer to make than a conversation."""

        @tool
        def find_user(of: str) -> dict:
            """Finds a user."""
            return {"id": of, "seen": len(self.writes(of))}

        @tool
        def get_order(of: str) -> str:
            """Reads an order."""
            return json.dumps({"of": of, "seen": len(self.writes(of)), "targets": self.writes(of)})

        @tool(response_format="content_and_artifact")
        def balance(of: str) -> Any:
            """Reads a balance."""
            number = len(self.writes(of))
            return [{"type": "text", "text": f"{number} writes"}], {"structured_content": {"number": number}}

        @tool
        def picture(of: str) -> list:
            """Draws what was written."""
            return [
                {"type": "text", "text": f"{len(self.writes(of))} writes"},
                {"type": "image", "url": "https://a/b"},
            ]

        @tool
        def broken(of: str) -> str:
            """Reads what cannot be read."""
            raise ToolException(f"no {of} after {len(self.writes(of))}")

        @tool
        def refund(of: str) -> str:
            """Refunds."""
            return f"refund number {self.write('refund', of)}"

        @tool
        def transfer(of: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> Command:
            """Hands over."""
            number = self.write("transfer", of)
            said = ToolMessage(f"transfer number {number}", tool_call_id=tool_call_id)
            return Command(update={"messages": [said]})

        @tool
        def confirm(of: str) -> str:
            """Asks, and writes what was answered."""
            answer = interrupt({"confirm": of})
            return f"confirmed, number {self.write('confirm', f'{of}:{answer}')}"

        broken.handle_tool_error = True
        return [find_user, get_order, balance, picture, broken, refund, transfer, confirm]


@dataclass
class Played:
    """One of the two, while it is going on."""

    pair: Twins
    office: Office
    with_toolkit: bool
    questions: int = 0
    asked: int = 0
    number: int = 0
    installed: Any = None
    script: list[Any] = field(default_factory=list)
    shown: list[list[Any]] = field(default_factory=list)

    def agent(self) -> Any:
        pair = self.pair
        installed = [self._toolkit()] if self.with_toolkit else []
        before, after = ([self._host(each) for each in hosts] for hosts in (pair.before, pair.after))
        model = ScriptedChatModel(policy=self._say)
        middleware = [*before, *installed, *after]
        if not pair.is_part:
            return create_agent(model, self.office.tools, middleware=middleware, checkpointer=InMemorySaver())
        inner = create_agent(model, self.office.tools, middleware=middleware)
        graph = StateGraph(MessagesState)
        graph.add_node("agent", inner)
        graph.add_edge(START, "agent")
        return graph.compile(checkpointer=InMemorySaver())

    def _say(self, messages: Any, tools: Any) -> Any:
        self.shown.append([each.content for each in messages if isinstance(each, ToolMessage)])
        calls = self.script.pop(0) if self.script else ()
        self.number += 1
        if not calls:
            return AIMessage(f"done {self.number}", id=f"m{self.number}")
        ids = [f"c{self.number}.{n}" if self.pair.ids is None else self.pair.ids for n in range(len(calls))]
        asked = [
            {"name": name, "args": {"of": of}, "id": each, "type": "tool_call"}
            for (name, of), each in zip(calls, ids, strict=True)
        ]
        return AIMessage("", tool_calls=asked, id=f"m{self.number}")

    def _toolkit(self) -> Any:
        steps = [
            step("find_user", args={"of": Parameter(name="email")}),
            *(
                step(name, args={"of": Parameter(name="email")}, eager=True, effect=Effect.READ)
                for name in self.pair.steps
            ),
        ]
        plan = plan_of(self.office.tools, routine("help_user", *steps, mode=self.pair.mode))
        toolkit = MetaToolkit(plan=plan, tools=self.office.tools, memory=RunMemory())
        self.installed = MetaToolMiddleware(toolkit, entry=lambda state, runtime: {"email": "a"})
        return self.installed

    def usage(self) -> Counter[tuple[str, str]]:
        """What the middleware counted."""
        return self.installed.usage if self.installed else Counter()

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

    # --- going on ---

    async def play(self) -> list[Any]:
        """The messages of the thread after every turn."""
        agent, told = self.agent(), []
        config: Any = {"configurable": {"thread_id": "t", "user_id": "u"}}
        begins = config
        for number, turn in enumerate(self.pair.turns):
            if turn.forks and number:
                config = begins
            begins = (await agent.aget_state(config)).config if number else config
            self.script = list(turn.messages)
            state = await self._run(
                agent, {"messages": [HumanMessage(f"turn {number}", id=f"h{number}")]}, config
            )
            config = {"configurable": {"thread_id": "t", "user_id": "u"}}
            told.append(state)
        return told

    async def _run(self, agent: Any, given: Any, config: Any) -> Any:
        for _ in range(PATIENCE):
            try:
                state = await self._call(agent, given, config)
            except Exception as error:  # noqa: BLE001  # both have to fail in the same way
                return repr(error)
            config = {"configurable": {"thread_id": "t", "user_id": "u"}}
            if not (questions := state.get("__interrupt__")):
                return state["messages"]
            self.asked += len(questions)
            given = Command(resume={each.id: self._answer(each.value) for each in questions})
        raise AssertionError("it never ends")

    def _answer(self, question: Any) -> Any:
        if "confirm" in question:
            return f"yes to {question['confirm']}"
        return {"decisions": [self._decide(each) for each in question["action_requests"]]}

    def _decide(self, asked: Any) -> Any:
        decision = self.pair.decisions[self.questions % len(self.pair.decisions)]
        self.questions += 1
        match decision:
            case "edit":
                args = {"of": f"{asked['args']['of']}:edited"}
                return {"type": "edit", "edited_action": {"name": asked["name"], "args": args}}
            case "reject":
                return {"type": "reject", "message": "no"}
        return {"type": "approve"}

    async def _call(self, agent: Any, given: Any, config: Any) -> Any:
        match self.pair.how:
            case "invoke":
                return await asyncio.to_thread(agent.invoke, given, config)
            case "ainvoke":
                return await agent.ainvoke(given, config)
            case "stream":
                return await asyncio.to_thread(
                    lambda: _last(agent.stream(given, config, stream_mode="values"))
                )
        state: dict[str, Any] = {}
        async for chunk in agent.astream(given, config, stream_mode="values"):
            state |= chunk
        return state


def _last(chunks: Any) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for chunk in chunks:
        state |= chunk
    return state


def _is_failure(error: Exception) -> bool:
    return not isinstance(error, GraphBubbleUp)


def _remove_the_first(state: Any, runtime: Any) -> Any:
    first = state["messages"][0]
    return (
        {"messages": [RemoveMessage(id=first.id)]}
        if len(state["messages"]) > 4 and first.type != "ai"
        else None
    )


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
        self.office.watched.append((request.tool_call["name"], request.tool_call["args"]["of"]))


def compare(pair: Twins) -> Counter[str]:
    """Plays both, and says what the conversation was made of.

    Raises:
        AssertionError: they did not do or tell the same.
    """
    plain, other = (_played(pair, with_toolkit=each) for each in (False, True))
    for target in ("a", "b"):
        assert plain.office_writes[target] == other.office_writes[target], "writes differ"
    assert _writes_watched(plain.watched) == _writes_watched(other.watched), "a guard saw other writes"
    assert plain.told == other.told, "the conversations differ"
    assert plain.shown == other.shown, "the model was shown something else"
    return Counter(
        {
            "conversations": 1,
            "turns": len(pair.turns),
            "calls": sum(len(each) for turn in pair.turns for each in turn.messages),
            "turns that fork": sum(turn.forks for turn in pair.turns[1:]),
            f"in mode {pair.mode}": 1,
            "calls read ahead": other.usage["prefetched"],
            "calls continued": other.usage["continued"],
            "answers served": other.usage["served"],
            "turns that fail, in both": sum(isinstance(each, str) for each in plain.told),
            "questions answered": plain.questions,
            **{f"with middleware of the host that {each}": 1 for each in (*pair.before, *pair.after)},
        }
    )


@dataclass(frozen=True)
class _Outcome:
    told: list[Any]
    shown: list[Any]
    office_writes: dict[str, list[Call]]
    watched: list[Call]
    questions: int
    usage: Counter[str]


def _played(pair: Twins, *, with_toolkit: bool) -> _Outcome:
    with tempfile.TemporaryDirectory() as folder:
        played = Played(pair, Office(f"{folder}/office.db"), with_toolkit)
        told = [
            each if isinstance(each, str) else [_told(message) for message in each]
            for each in asyncio.run(played.play())
        ]
        usage: Counter[str] = Counter()
        for (_, what), number in played.usage().items():
            usage[what] += number
        return _Outcome(
            told=told,
            shown=[[_own(each) for each in messages] for messages in played.shown],
            office_writes={each: played.office.writes(each) for each in ("a", "b")},
            watched=played.office.watched,
            questions=played.asked,
            usage=usage,
        )


def _writes_watched(watched: list[Call]) -> list[Call]:
    return sorted(each for each in watched if each[0] not in READS)


def _told(message: Any) -> Any:
    """What anybody reads of a message; what was fetched along is checked and left out."""
    calls = [(call["name"], call["args"], call["id"]) for call in getattr(message, "tool_calls", ())]
    own = _own(message.content) if isinstance(message, ToolMessage) else message.content
    extras = [getattr(message, each, None) for each in ("status", "artifact", "tool_call_id")]
    return message.type, message.name, own, calls, extras


def _own(content: Any) -> Any:
    own, fetched = split_fetched(content)
    seen = {
        number
        for number in [_writes_seen(own), *(_writes_seen(each.output) for each in fetched)]
        if number is not None
    }
    assert len(seen) < 2, f"answers of different moments: {own}, {fetched}"
    return own


def _writes_seen(output: Any) -> int | None:
    """How many writes there were when a tool answered; `None` where it does not say."""
    found = re.search(
        r"\d+(?= writes)|(?<=\"seen\": )\d+|(?<=\"number\": )\d+",
        output if isinstance(output, str) else json.dumps(output),
    )
    if found is None:
        return None
    return int(found[0])
