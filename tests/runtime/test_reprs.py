"""Tools that return objects: a real agent records what `str` makes of them, and the routine runs over the same text."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool
from pydantic import BaseModel

import langchain_awo as awo
from langchain_awo.testing.scripted import ScriptedChatModel, ask_tools

RUNS = 8


class State(Enum):
    """Of a berth."""

    FREE = "free"
    TAKEN = "taken"


@dataclass(frozen=True)
class Berth:
    """Inside a harbour."""

    berth_id: str
    depth: float
    state: State


@dataclass(frozen=True)
class Harbour:
    """A dataclass in a dataclass."""

    name: str
    since: dt.date
    fee: Decimal
    berths: list[Berth]


class BerthModel(BaseModel):
    """The same as a model."""

    berth_id: str
    depth: float
    state: State


class HarbourModel(BaseModel):
    """A model in a model."""

    name: str
    since: dt.date
    fee: Decimal
    berths: list[BerthModel]


def _berths(kind: Any, name: str) -> list[Any]:
    states = (State.FREE, State.TAKEN, State.FREE)
    return [kind(berth_id=f"{name}-B{n}4", depth=2.5 + n, state=state) for n, state in enumerate(states)]


def _harbour(kind: Any, of: Any, name: str) -> Any:
    return kind(name=name, since=dt.date(1990, 5, 17), fee=Decimal("12.50"), berths=_berths(of, name))


SHAPES = {
    "a dataclass": (lambda name: _harbour(Harbour, Berth, name), "#1/berths/*"),
    "a model": (lambda name: _harbour(HarbourModel, BerthModel, name), "#1/berths/*"),
    "dataclasses in a list": (lambda name: _berths(Berth, name), "#1/*"),
    "models in a list": (lambda name: _berths(BerthModel, name), "#1/*"),
    "models in an object": (lambda name: {"found": _berths(BerthModel, name), "more": None}, "#1/found/*"),
}


def _tools(returned: Any) -> list[Any]:
    @tool
    def get_harbour(harbour: str) -> Any:
        """Get a harbour with its berths."""
        return returned(harbour)

    @tool
    def get_tide(berth_id: str) -> str:
        """Get the tide at a berth."""
        return f"tide at {berth_id}: {len(berth_id)}"

    return [get_harbour, get_tide]


def _asked(harbour: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": f"What are the tides in {harbour}?"}]}


def _recorded(tools: list[Any], store: str) -> None:
    """Runs of a real agent that looks at each berth, one after the other."""
    for number in range(RUNS):
        name = f"H{number}7x"
        tides = [ask_tools(("get_tide", {"berth_id": f"{name}-B{n}4"})) for n in range(3)]
        model = ScriptedChatModel(script=[ask_tools(("get_harbour", {"harbour": name})), *tides, "done"])
        with awo.record(store):
            create_agent(model, tools).invoke(_asked(name))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_routine_over_objects_runs_in_a_real_agent(shape: str, tmp_path: Any) -> None:
    returned, place = SHAPES[shape]
    tools, store = _tools(returned), str(tmp_path / "runs.db")
    _recorded(tools, store)
    toolkit = awo.compile_toolkit(store, tools=tools)
    assert f"get_tide(berth_id={place}/berth_id)" in str(toolkit)

    model = ScriptedChatModel(script=[ask_tools(("get_harbour", {"harbour": "H999x"})), "done"])
    installed = awo.MetaToolMiddleware(toolkit)
    state = create_agent(model, tools, middleware=[installed]).invoke(_asked("H999x"))
    told = "\n".join(str(message.content) for message in state["messages"] if message.type == "tool")
    assert [f"tide at H999x-B{n}4: 9" in told for n in range(3)] == [True] * 3
    plain = ScriptedChatModel(script=[ask_tools(("get_harbour", {"harbour": "H999x"})), "done"])
    alone = create_agent(plain, tools).invoke(_asked("H999x"))["messages"][2].content
    assert alone in told, "the model reads what the tool said"
