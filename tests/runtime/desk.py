"""A desk with a real SQLite database, the meta-tools over it, and three ways to run an agent."""

import sqlite3
import threading
from typing import Annotated, Any

from langchain.agents import create_agent
from langchain_core.messages import AnyMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool, InjectedToolCallId, tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import InjectedState, InjectedStore, ToolNode, ToolRuntime, tools_condition
from langgraph.store.base import BaseStore
from langgraph.types import interrupt

from langchain_awo.model.ir.binding import Constant, Item, Output, Parameter
from langchain_awo.model.ir.metatool import Map, MetaTool, ParameterSpec, Step, ToolkitPlan
from langchain_awo.model.ir.reviewing import accept
from langchain_awo.model.ir.validation import check_plan
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.tool.signatures import read_signature
from langchain_awo.testing import ScriptedChatModel, ask_tools

READS = {"find_user", "get_order", "whoami", "remembered", "flaky"}


class Desk:
    """A back office whose every call leaves a row; some are made to fail.

    Attributes:
        broken: tool, or tool and first argument, to how often it raises.
        killed: tools during which the process is ended.
        asks: tools, or tools and first arguments, that interrupt for an answer.
        gate: where reads of orders wait for each other.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.broken: dict[str, int] = {}
        self.asks: set[str] = set()
        self.killed: set[str] = set()
        self.gate: threading.Barrier | None = None
        with self.connect() as db:
            db.execute("CREATE TABLE IF NOT EXISTS calls (tool TEXT, args TEXT)")
        db.close()

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=10)

    def row(self, name: str, args: str) -> None:
        for key in (name, f"{name} {args}"):
            if self.broken.get(key, 0) > 0:
                self.broken[key] -= 1
                raise RuntimeError(f"{key} is down")
        if name in self.killed:
            self.killed.remove(name)
            raise KeyboardInterrupt
        if self.asks & {name, f"{name} {args}"}:
            answer = interrupt({"may I": name, "args": args})
            args = f"{args}:{answer}"
        db = self.connect()
        with db:
            db.execute("INSERT INTO calls VALUES (?, ?)", (name, args))
        db.close()

    def calls(self, name: str | None = None) -> list[tuple[str, str]]:
        db = self.connect()
        rows = db.execute("SELECT tool, args FROM calls ORDER BY rowid").fetchall()
        db.close()
        return [row for row in rows if name in (None, row[0])]

    @property
    def tools(self) -> list[BaseTool]:
        @tool
        def find_user(email: str) -> dict:
            """Finds a user by email."""
            self.row("find_user", email)
            return {"id": 7, "orders": ["A", "B"]} if "@" in email else {}

        @tool
        def get_order(order_id: str) -> dict:
            """Reads an order."""
            if self.gate:
                self.gate.wait(timeout=5)
            self.row("get_order", order_id)
            return {"id": order_id, "total": len(order_id)}

        @tool
        def refund(order_id: str, reason: str = "none") -> str:
            """Refunds an order."""
            self.row("refund", order_id)
            return f"refunded {order_id} for {reason}"

        @tool
        def note(user: int, text: str) -> dict:
            """Writes a note."""
            self.row("note", f"{user}:{text}")
            return {"noted": text}

        @tool
        def whoami(
            user: int,
            messages: Annotated[list[AnyMessage], InjectedState("messages")],
            call_id: Annotated[str, InjectedToolCallId],
            runtime: ToolRuntime,
        ) -> dict:
            """Says who asks."""
            self.row("whoami", str(user))
            same = runtime.tool_call_id == call_id
            return {"messages": len(messages), "call_id": call_id, "same": same, "user": user}

        @tool
        def remembered(user: int, store: Annotated[BaseStore, InjectedStore()]) -> str:
            """Reads the store."""
            item = store.get(("users",), str(user))
            return str(item.value["name"]) if item else "nobody"

        return [find_user, get_order, refund, note, whoami, remembered]


def step(name: str, effect: Effect | None = None, **known: Any) -> Step:
    return Step(tool=name, effect=effect or (Effect.READ if name in READS else Effect.WRITE), **known)


def routine(name: str = "help_user", *steps: Step, **known: Any) -> MetaTool:
    parameters = (ParameterSpec(name="email", schema={"type": "string", "description": "Whose."}),)
    return MetaTool(
        name=name, description="Helps a user.", parameters=parameters, steps=tuple(steps), **known
    )


FIND = step("find_user", args={"email": Parameter(name="email")})
ORDERS = step("get_order", args={"order_id": Item()}, over=Map(source=Output(step=1, path="/orders/*")))
NOTE = step("note", args={"user": Output(step=1, path="/id"), "text": Constant(value="hello")})
REFUND = step("refund", args={"order_id": Output(step=2, path="/0/id"), "reason": Constant(value="late")})


def plan_of(tools: list[BaseTool], *meta_tools: MetaTool) -> ToolkitPlan:
    """A plan that its author has accepted."""
    plan = ToolkitPlan(meta_tools=meta_tools, tools={each.name: read_signature(each) for each in tools})
    writing = (each.name for each in meta_tools if not each.effect.is_read)
    return plan if check_plan(plan) else accept(plan, *writing)


def call(name: str, /, **args: Any) -> Any:
    return ask_tools((name, args))


def model_of(*script: Any) -> ScriptedChatModel:
    return ScriptedChatModel(script=list(script))


def state_graph(model: Any, tools: list[BaseTool], **compiled: Any) -> Any:
    """A hand-written agent around one ToolNode."""
    bound = model.bind_tools(tools)

    def think(state: MessagesState) -> dict[str, Any]:
        return {"messages": [bound.invoke(state["messages"])]}

    async def athink(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await bound.ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("model", RunnableLambda(think, athink))
    graph.add_node("tools", ToolNode(tools))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    return graph.compile(**compiled)


def new_agent(kind: str, model: Any, tools: list[BaseTool], **compiled: Any) -> Any:
    if kind == "create_agent":
        return create_agent(model, tools, **compiled)
    return state_graph(model, tools, **compiled)


def tool_messages(state: dict[str, Any]) -> list[ToolMessage]:
    return [message for message in state["messages"] if isinstance(message, ToolMessage)]


def ask(text: str = "please") -> dict[str, Any]:
    return {"messages": [HumanMessage(text)]}


HELP = routine("help_user", FIND, ORDERS, NOTE, REFUND)
"""Two reads, then two writes."""
