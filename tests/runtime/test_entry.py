"""A host's own `entry=` function that fails does not hold up the agent."""

import asyncio
from typing import Any

import pytest
from langchain.agents import create_agent
from langgraph.types import interrupt

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.model.ir.binding import Constant
from tests.runtime.desk import FIND, ask, model_of, routine, step


def cannot_say(_state: Any, runtime: Any) -> Any:
    return {"email": runtime.context["nobody"]}


def says_nothing(_state: Any, _runtime: Any) -> Any:
    return None


def asks_somebody(_state: Any, _runtime: Any) -> Any:
    return {"email": interrupt("whose?")}


class Lookup:
    """Not a function, but it can be called."""

    def __call__(self, _state: Any, _runtime: Any) -> Any:
        raise ConnectionError("directory is down")


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("known", [cannot_say, says_nothing, asks_somebody, Lookup()], ids=type)
def test_an_entry_function_that_fails_is_named_and_nothing_is_run(
    desk: Any, toolkit: Any, caplog: Any, how: str, known: Any
) -> None:
    """Not even what needs no parameters: the function may have been meant to say when."""
    needs_none = step("get_order", args={"order_id": Constant(value="A")})
    built = toolkit(routine("greet", FIND, mode="entry"), routine("latest", needs_none, mode="entry"))
    model = model_of("hello")
    agent = create_agent(model, desk.tools, middleware=[MetaToolMiddleware(built, entry=known)])
    state = agent.invoke(ask()) if how == "sync" else asyncio.run(agent.ainvoke(ask()))
    assert state["messages"][-1].text == "hello"
    assert desk.calls() == []
    assert f"entry={getattr(known, '__qualname__', 'Lookup')} failed" in caplog.text
