"""What continue mode serves is true: read in this call of the graph, for this user, and not before or beside a change."""

import json
import time
from dataclasses import dataclass, replace
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.prebuilt import ToolRuntime
from langgraph.types import Command, interrupt

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.model.ir.binding import Output
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.handback import FETCHED_NOTE
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from langchain_awo.testing import ScriptedChatModel, ask_tools
from tests.runtime.desk import FIND, ask, call, model_of, plan_of, routine, step, tool_messages

THREAD = {"configurable": {"thread_id": "t"}}


class Shop:
    """One order whose status changes."""

    def __init__(self) -> None:
        self.status = "open"

    @property
    def tools(self) -> list[BaseTool]:
        @tool
        def find_user(email: str) -> dict:
            """Finds a user."""
            return {"id": "O1"}

        @tool
        def get_order(order_id: str) -> dict:
            """Reads an order."""
            return {"order_id": order_id, "status": self.status}

        @tool
        def cancel(order_id: str) -> str:
            """Cancels an order."""
            time.sleep(0.1)
            self.status = "cancelled"
            return "ok"

        @tool
        def sign(order_id: str) -> str:
            """Asks a person to sign."""
            return str(interrupt(order_id))

        return [find_user, get_order, cancel, sign]


READ = step("get_order", args={"order_id": Output(step=1, path="/id")}, eager=True)
GO = routine("with_order", FIND, READ, mode="continue")
LOOK = call("get_order", order_id="O1")


def _run(shop: Shop, *script: Any) -> list[Any]:
    plan = plan_of(shop.tools, GO)
    installed = MetaToolMiddleware(MetaToolkit(plan=plan, tools=shop.tools))
    state = create_agent(model_of(*script), shop.tools, middleware=[installed]).invoke(ask())
    return tool_messages(state)


@pytest.mark.parametrize("order", [1, -1])
def test_a_read_beside_a_write_is_neither_continued_nor_served(order: int) -> None:
    both = [("cancel", {"order_id": "O1"}), ("find_user", {"email": "a@b"})][::order]
    messages = _run(Shop(), ask_tools(*both), LOOK, "done")
    assert all(FETCHED_NOTE not in message.text for message in messages)
    assert json.loads(messages[-1].text)["status"] == "cancelled"


def test_a_read_from_before_a_write_beside_it_is_not_served_after_it() -> None:
    both = ask_tools(("get_order", {"order_id": "O1"}), ("cancel", {"order_id": "O1"}))
    messages = _run(Shop(), call("find_user", email="a@b"), both, LOOK, "done")
    assert json.loads(messages[-1].text)["status"] == "cancelled"


def _price_agent(shop: Shop, saver: Any) -> Any:
    installed = MetaToolMiddleware(MetaToolkit(plan=plan_of(shop.tools, GO), tools=shop.tools))

    def policy(messages: Any, offered: Any) -> Any:
        return "done" if messages[-1].type == "tool" else call("find_user", email="a@b")

    return create_agent(
        ScriptedChatModel(policy=policy), shop.tools, middleware=[installed], checkpointer=saver
    )


def test_a_fork_of_an_earlier_checkpoint_reads_the_world_anew() -> None:
    shop = Shop()
    agent = _price_agent(shop, InMemorySaver())
    agent.invoke(ask(), THREAD)
    shop.status = "shipped"
    (before,) = [each for each in agent.get_state_history(THREAD) if each.next == ("tools",)]
    (message,) = tool_messages(agent.invoke(None, before.config))
    assert "shipped" in message.text
    assert "open" not in message.text


def test_what_was_fetched_before_a_person_was_waited_for_is_read_anew() -> None:
    shop = Shop()
    installed = MetaToolMiddleware(MetaToolkit(plan=plan_of(shop.tools, GO), tools=shop.tools))
    signed = call("sign", order_id="O1")
    model = model_of(call("find_user", email="a@b"), signed, LOOK, "done")
    agent = create_agent(model, shop.tools, middleware=[installed], checkpointer=InMemorySaver())
    agent.invoke(ask(), THREAD)
    shop.status = "shipped"
    state = agent.invoke(Command(resume="signed"), THREAD)
    assert json.loads(tool_messages(state)[-1].text)["status"] == "shipped"


# --- several users in one process ---


@dataclass
class Context:
    user: str


@tool
def my_account(runtime: ToolRuntime[Context]) -> dict:
    """Says whose account it is."""
    return {"owner": runtime.context.user}


@tool
def balance(owner: str, runtime: ToolRuntime[Context]) -> dict:
    """Says what is on an account."""
    return {"money of": runtime.context.user}


ACCOUNT = routine(
    "account",
    step("my_account", Effect.READ, args={}),
    step("balance", Effect.READ, args={"owner": Output(step=1, path="/owner")}, eager=True),
    mode="continue",
)


class SameIds(BaseChatModel):
    """A server whose messages and calls always have the same ids."""

    @property
    def _llm_type(self) -> str:
        return "same ids"

    def bind_tools(self, tools: Any, **options: Any) -> Any:
        return self

    def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
        look = [{"name": "my_account", "args": {}, "id": "call_0", "type": "tool_call"}]
        answer = (
            AIMessage("done", id="2")
            if messages[-1].type == "tool"
            else AIMessage("", id="1", tool_calls=look)
        )
        return ChatResult(generations=[ChatGeneration(message=answer)])


@pytest.mark.parametrize("cached", [True, False])
async def test_no_user_is_told_what_was_read_for_another(*, cached: bool) -> None:
    tools = [my_account, balance]
    installed = MetaToolMiddleware(MetaToolkit(plan=plan_of(tools, replace(ACCOUNT)), tools=tools))
    model = SameIds(cache=InMemoryCache() if cached else None)
    agent: Any = create_agent(model, tools, middleware=[installed], context_schema=Context)
    for user in ("ann", "bob"):
        told = tool_messages(agent.invoke(ask(), context=Context(user)))[0].text
        assert f'{{"owner": "{user}"}}' in told
        assert f'"money of":"{user}"' in told
    both = [agent.ainvoke(ask(), context=Context(user)) for user in ("ann", "bob")]
    import asyncio

    for user, state in zip(("ann", "bob"), await asyncio.gather(*both), strict=True):
        assert f'"money of":"{user}"' in tool_messages(state)[0].text
