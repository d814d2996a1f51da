"""A model that calls a meta-tool with nonsense, again and again: nothing is raised into the agent, and nothing is written twice."""

from __future__ import annotations

import json
import tempfile
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import ToolMessage
from pydantic import ValidationError

from langchain_awo.model.ir.binding import Item, ListOf, Parameter, Template
from langchain_awo.model.ir.metatool import Map
from langchain_awo.runtime.journal.journal import RunMemory
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from tests.runtime.desk import FIND, ORDERS, Desk, plan_of, routine, step

NONSENSE: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(
    st.sampled_from(["email", "resume_token"]) | st.text(max_size=8), NONSENSE, max_size=4
)


def toolkit_over(desk: Desk) -> MetaToolkit:
    helping = routine("help_user", FIND, ORDERS, step("refund", args={"order_id": Parameter(name="email")}))
    return MetaToolkit(plan=plan_of(desk.tools, helping), tools=desk.tools, memory=RunMemory())


@settings(max_examples=25, deadline=None)
@given(st.lists(ARGUMENTS | st.fixed_dictionaries({"email": st.text(max_size=9)}), max_size=4))
def test_nonsense_is_answered_and_nothing_of_ours_is_raised(calls: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(f"{folder}/desk.db")
        (tool,) = toolkit_over(desk).get_tools()
        for number, args in enumerate(calls):
            call = {"name": tool.name, "args": args, "id": f"c{number}", "type": "tool_call"}
            try:
                said = tool.invoke(call)
            except ValidationError:  # LangChain's check of arguments; its `ToolNode` tells the model
                continue
            assert isinstance(said, ToolMessage)
            assert said.status in ("success", "error")
        made = [row for row in desk.calls() if row[0] == "refund"]
        assert len(made) <= len(calls)


def test_a_hand_back_names_the_items_of_a_list_that_were_not_reached() -> None:
    """Whoever does the rest by hand does all of it."""
    items = ListOf(
        elements=tuple(Template(prefix="", source=Parameter(name="email"), suffix=s) for s in "123")
    )
    mapped = step("refund", args={"order_id": Item()}, over=Map(source=items))
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(f"{folder}/desk.db")
        desk.broken["refund x1"] = 1
        plan = plan_of(desk.tools, routine("help_user", mapped))
        (tool,) = MetaToolkit(plan=plan, tools=desk.tools, memory=RunMemory()).get_tools()
        told = json.loads(tool.invoke({"email": "x"}))
    assert told["failed"]["args"] == {"order_id": "x1"}
    assert [each["args"] for each in told["remaining"]] == [{"order_id": "x2"}, {"order_id": "x3"}]
