"""What a turn costs under the middleware when nothing of the toolkit applies, beside a middleware that does nothing.

    python benchmarks/middleware_overhead.py [--rounds 40]

An agent that asks for a tool in each of its turns. Prints microseconds of processor time for one turn, the median of interleaved
rounds: no middleware, an empty one with the same hooks, and `MetaToolMiddleware` with a toolkit that begins with another tool. Then what
showing the tools to the model costs by the length of the prompt.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, ModelRequest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool

from langchain_awo import MetaToolkit, MetaToolMiddleware
from langchain_awo.model.ir.binding import Output, Parameter
from langchain_awo.model.ir.metatool import MetaTool, ParameterSpec, Step, ToolkitPlan
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.tool.signatures import read_signature
from langchain_awo.testing import ScriptedChatModel, ask_tools

TURNS = 20
PROMPTS = (10, 400, 4_000)


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


@tool
def find_user(email: str) -> dict:
    """The user with an email address."""
    return {"user_id": email}


@tool
def list_orders(user_id: str) -> dict:
    """The orders of a user."""
    return {"orders": [user_id]}


class Empty(AgentMiddleware):
    """Has the hooks that ours has, and does nothing in them."""

    def before_agent(self, state: Any, runtime: Any) -> None:
        """Nothing."""

    def after_agent(self, state: Any, runtime: Any) -> None:
        """Nothing."""

    def wrap_model_call(self, request: Any, handler: Callable[..., Any]) -> Any:
        """Hands on."""
        return handler(request)

    def wrap_tool_call(self, request: Any, handler: Callable[..., Any]) -> Any:
        """Hands on."""
        return handler(request)


def installed(mode: Any) -> MetaToolMiddleware:
    """A toolkit whose routine begins with a tool that the agent does not call."""
    steps = (
        Step(tool="find_user", args={"email": Parameter(name="email")}, effect=Effect.READ),
        Step(
            tool="list_orders",
            args={"user_id": Output(step=1, path="/user_id")},
            effect=Effect.READ,
            eager=True,
        ),
    )
    meta_tool = MetaTool(
        name="orders_of",
        description="The orders of a user.",
        parameters=(ParameterSpec(name="email", schema={"type": "string"}),),
        steps=steps,
        mode=mode,
    )
    tools = [find_user, list_orders]
    signatures = {each.name: read_signature(each, effect=Effect.READ) for each in tools}
    return MetaToolMiddleware(
        MetaToolkit(plan=ToolkitPlan(meta_tools=(meta_tool,), tools=signatures), tools=tools)
    )


def agent(middleware: Sequence[AgentMiddleware[Any, Any]]) -> Callable[[], float]:
    """CPU seconds of a run of so many turns."""

    def policy(messages: Any, tools: Any) -> Any:  # noqa: ARG001  # as models are asked
        return (
            "done" if len(messages) > 2 * TURNS else ask_tools(("get_weather", {"city": str(len(messages))}))
        )

    model = ScriptedChatModel(policy=policy)
    built = create_agent(model, [get_weather, find_user, list_orders], middleware=middleware)

    def run() -> float:
        start = time.process_time()
        built.invoke({"messages": [HumanMessage("go")]}, {"recursion_limit": 10 * TURNS})
        return time.process_time() - start

    return run


def showing(middleware: AgentMiddleware[Any, Any], size: int) -> Callable[[], float]:
    """CPU seconds of `wrap_model_call` alone, for a prompt of so many messages after the user's last one."""
    messages: list[BaseMessage] = [HumanMessage("go")]
    while len(messages) < size:
        call = {"name": "get_weather", "args": {"city": "x"}, "id": str(len(messages))}
        messages += [AIMessage("", tool_calls=[call]), ToolMessage("sunny", tool_call_id=call["id"])]
    request = ModelRequest(
        model=ScriptedChatModel(policy=lambda *_: "done"),
        messages=messages,
        system_message=None,
        tool_choice=None,
        tools=[get_weather, find_user, list_orders],
        response_format=None,
        state={"messages": messages},
        runtime=SimpleNamespace(context=None, config={}),
    )

    def run() -> float:
        start = time.process_time()
        for _ in range(TURNS):
            middleware.wrap_model_call(request, lambda _: None)
        return time.process_time() - start

    return run


def medians(forms: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Microseconds of a turn, the median of interleaved rounds."""
    found: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(rounds):
        for name, run in forms.items():
            found[name].append(run() / TURNS * 1e6)
    return {name: statistics.median(times) for name, times in found.items()}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    ours = {mode: installed(mode) for mode in ("append", "continue")}
    forms = {"no middleware": agent([]), "empty": agent([Empty()])}
    found = medians(forms | {mode: agent([installed(mode)]) for mode in ours}, rounds)
    for name, micros in found.items():
        print(f"{name:16}{micros:10.0f} µs a turn   {micros / found['empty']:.2f} of the empty one")
    for size in PROMPTS:
        shown = medians({mode: showing(middleware, size) for mode, middleware in ours.items()}, rounds)
        print(
            f"prompt of {size:5,} messages: "
            + ", ".join(f"{mode} {micros:.0f} µs" for mode, micros in shown.items())
        )


if __name__ == "__main__":
    main()
