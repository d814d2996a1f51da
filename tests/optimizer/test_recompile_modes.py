"""However a meta-tool is installed, sync or async: an agent that uses it is no reason to lose it."""

from __future__ import annotations

import asyncio

import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool

import langchain_awo as awo
from langchain_awo.testing import ScriptedChatModel, ask_tools


@tool
def find_user(name: str) -> dict:
    """Find a user by name."""
    return {"order_id": f"O-{name}", "tier": "gold"}


@tool
def get_order(order_id: str) -> dict:
    """Get an order."""
    return {"order_id": order_id, "parcel": f"P-{order_id[2:]}"}


TOOLS = [find_user, get_order]
USERS = [f"user{n}" for n in range(20)]


def by_itself(user):
    calls = [("find_user", {"name": user}), ("get_order", {"order_id": f"O-{user}"})]
    return [*map(ask_tools, calls), f"It is in P-{user}."]


SCRIPTS = {
    "append": lambda user: [ask_tools(("get_user_order", {"name": user})), f"It is in P-{user}."],
    "replace": lambda user: [ask_tools(("get_user_order", {"name": user})), f"It is in P-{user}."],
    "continue": lambda user: [ask_tools(("find_user", {"name": user})), f"It is in P-{user}."],
    "entry": lambda user: [f"It is in P-{user}."],
}


def record(store, script_of, *, middleware=(), run=lambda agent, *given: agent.invoke(*given)):
    with awo.TraceRecorder(store) as recorder:
        for user in USERS:
            agent = create_agent(
                ScriptedChatModel(script=script_of(user)), TOOLS, middleware=list(middleware)
            )
            config = {"callbacks": [recorder], "metadata": {"task_id": user}, "configurable": {"name": user}}
            run(agent, {"messages": [("user", f"Where is the order of {user}?")]}, config)


@pytest.fixture(scope="module")
def toolkit(tmp_path_factory):
    store = tmp_path_factory.mktemp("before") / "traces.db"
    record(store, by_itself)
    compiled = awo.compile_toolkit(store, tools=TOOLS)
    assert [each.name for each in compiled.meta_tools] == ["get_user_order"]
    return compiled


@pytest.mark.parametrize("run", ["sync", "async"])
@pytest.mark.parametrize("mode", SCRIPTS)
def test_it_is_kept_when_it_was_used(toolkit, tmp_path, mode, run):
    runs = {
        "sync": lambda agent, *given: agent.invoke(*given),
        "async": lambda agent, *given: asyncio.run(agent.ainvoke(*given)),
    }
    installed = awo.MetaToolMiddleware(toolkit, mode=mode)
    record(tmp_path / "used.db", SCRIPTS[mode], middleware=[installed], run=runs[run])
    _, changes = awo.recompile(tmp_path / "used.db", toolkit)
    assert changes.is_same
    assert [each.name for each in changes.kept] == ["get_user_order"]
    assert changes.kept[0].evidence.tasks == len(USERS)
    assert changes.kept[0].evidence.calls_saved == toolkit.meta_tools[0].evidence.calls_saved


def test_calls_that_the_model_makes_itself_after_they_were_fetched_count_once(toolkit, tmp_path):
    """In continue mode some models ask all the same, and are served."""
    installed = awo.MetaToolMiddleware(toolkit, mode="continue")
    record(tmp_path / "used.db", by_itself, middleware=[installed])
    _, changes = awo.recompile(tmp_path / "used.db", toolkit)
    assert changes.is_same
    assert changes.echo.model_calls == 0
    assert changes.plan.corpus["model_calls"] == 3 * len(USERS)


def test_a_routine_of_the_published_method_keeps_its_name_too(toolkit, tmp_path):
    record(tmp_path / "traces.db", by_itself)
    literal = awo.compile_toolkit(tmp_path / "traces.db", tools=TOOLS, strategy="awo")
    _, changes = awo.recompile(tmp_path / "traces.db", literal)
    assert changes.plan.strategy == "awo"
    assert changes.is_same
