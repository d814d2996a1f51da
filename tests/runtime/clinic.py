"""A clinic whose tools take their time, sync or async, and that remembers what it was asked."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.tools import BaseTool, StructuredTool

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.model.ir.binding import Item, Output, Parameter
from langchain_awo.model.ir.metatool import Map, MetaTool, ParameterSpec, Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from langchain_awo.testing import ScriptedChatModel, ask_tools
from tests.runtime.desk import plan_of

FIND = Step(tool="find_patient", args={"email": Parameter(name="email")}, effect=Effect.READ)
VISITS = Step(
    tool="list_visits", args={"patient": Output(step=1, path="/patient")}, effect=Effect.READ, eager=True
)
EACH = Step(
    tool="get_visit",
    args={"visit": Item()},
    over=Map(source=Output(step=2, path="/visits/*")),
    effect=Effect.READ,
    eager=True,
)
ROUTINE = MetaTool(
    name="patient_overview",
    description="Looks a patient up.",
    parameters=(ParameterSpec(name="email", schema={"type": "string"}),),
    steps=(FIND, VISITS, EACH),
    mode="prefetch",
)


class Clinic:
    """Patients by email; `x@y` has the visits `x1` and `x2`.

    Attributes:
        seconds: that each call of a tool takes.
        holds: whether a call of a tool goes on for longer.
        broken: tools to how often they raise.
        started: every call as it began; `ended` as it came to its end.
    """

    def __init__(self, *, is_async: bool = False, seconds: float = 0.0) -> None:
        self.is_async = is_async
        self.seconds = seconds
        self.holds: Callable[[str], bool] = lambda _: False
        self.broken: dict[str, int] = {}
        self.started: list[tuple[str, str]] = []
        self.ended: list[tuple[str, str]] = []
        self.notes: dict[str, str] = {}
        self.lock = threading.Lock()

    def find_patient(self, email: str) -> dict:
        """Finds a patient."""
        return {"patient": email.partition("@")[0]}

    def list_visits(self, patient: str) -> dict:
        """Lists the visits of a patient."""
        return {"visits": [f"{patient}1", f"{patient}2"]}

    def get_visit(self, visit: str) -> dict:
        """Reads a visit."""
        return {"visit": visit, "note": self.notes.get(visit, "")}

    def add_note(self, visit: str, text: str) -> str:
        """Writes a note."""
        self.notes[visit] = text
        return "written"

    @property
    def tools(self) -> list[BaseTool]:
        return [
            self._tool(each) for each in (self.find_patient, self.list_visits, self.get_visit, self.add_note)
        ]

    def calls(self, name: str) -> list[str]:
        return sorted(argument for tool, argument in self.started if tool == name)

    def _tool(self, action: Any) -> BaseTool:
        name = action.__name__

        @wraps(action)
        def run(*args: Any, **known: Any) -> Any:
            call = self._begin(name, known)
            time.sleep(self.seconds)
            while self.holds(name):
                time.sleep(0.005)
            return self._end(call, action(*args, **known))

        @wraps(action)
        async def arun(*args: Any, **known: Any) -> Any:
            call = self._begin(name, known)
            await asyncio.sleep(self.seconds)
            while self.holds(name):  # noqa: ASYNC110  # it is asked from threads too
                await asyncio.sleep(0.005)
            return self._end(call, action(*args, **known))

        return StructuredTool.from_function(
            None if self.is_async else run, coroutine=arun if self.is_async else None, name=name
        )

    def _begin(self, name: str, known: dict[str, Any]) -> tuple[str, str]:
        call = (name, str(next(iter(known.values()))))
        with self.lock:
            self.started.append(call)
            is_broken = self.broken.get(name, 0) > 0
            self.broken[name] = self.broken.get(name, 0) - 1
        if is_broken:
            raise RuntimeError(f"{name} is down")
        return call

    def _end(self, call: tuple[str, str], value: Any) -> Any:
        with self.lock:
            self.ended.append(call)
        return value


def ask(name: str, /, **args: Any) -> AIMessage:
    return ask_tools((name, args))


def agent_of(
    clinic: Clinic,
    *script: Any,
    thinks: float = 0.0,
    meta_tools: Sequence[MetaTool] = (ROUTINE,),
    middleware: Sequence[Any] = (),
    **options: Any,
) -> tuple[Any, MetaToolMiddleware]:
    """An agent that thinks for so many seconds before it says the next line of its script."""
    tools = clinic.tools
    toolkit = MetaToolkit(plan=plan_of(tools, *meta_tools), tools=tools)
    installed = MetaToolMiddleware(toolkit, **options)
    model = ScriptedChatModel(script=list(script), seconds_per_call=thinks)
    return create_agent(model, tools, middleware=[installed, *middleware]), installed


def go(agent: Any, clinic: Clinic, config: dict[str, Any] | None = None) -> list[BaseMessage]:
    """Runs an agent the way its tools are, and returns the messages."""
    state = {"messages": [("user", "help")]}
    if clinic.is_async:
        return asyncio.run(agent.ainvoke(state, config))["messages"]
    return agent.invoke(state, config)["messages"]
