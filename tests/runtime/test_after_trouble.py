"""Once something is wrong a routine changes nothing more: after a failure no step runs, after an odd read no write does."""

import json
from typing import Any

import pytest

from langchain_awo.model.ir.binding import Constant, Item, Parameter
from langchain_awo.model.ir.metatool import Map, MetaTool, ParameterSpec, Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.outcome import Limits
from tests.runtime.desk import FIND, NOTE, ORDERS, routine, step

REQUEST = {"name": "help_user", "args": {"email": "a@b"}, "id": "c1", "type": "tool_call"}
WRITTEN = step("note", args={"user": Constant(value=1), "text": Constant(value="x")})
LATE = step("get_order", args={"order_id": Constant(value="Z")})


@pytest.mark.parametrize("after", [[NOTE, LATE], [WRITTEN, LATE]], ids=["uses an earlier step", "uses none"])
def test_no_step_runs_after_a_read_that_failed(after: list[Step], desk: Any, toolkit: Any) -> None:
    desk.broken["get_order B"] = 1
    built = toolkit(routine("help_user", FIND, ORDERS, *after), limits=Limits(read_retries=0))
    message = built.get_tools()[0].invoke(REQUEST)
    told = json.loads(message.content)
    assert told["failed"]["args"] == {"order_id": "B"}
    assert [each["tool"] for each in told["remaining"]] == ["note", "get_order"]
    assert desk.calls() == [("find_user", "a@b"), ("get_order", "A")]


def test_no_step_runs_after_a_write_that_failed(desk: Any, toolkit: Any) -> None:
    desk.broken["note"] = 1
    built = toolkit(routine("help_user", FIND, NOTE, LATE, WRITTEN))
    told = json.loads(built.get_tools()[0].invoke(REQUEST).content)
    assert told["failed"]["tool"] == "note"
    assert desk.calls() == [("find_user", "a@b")]


@pytest.mark.parametrize(
    ("emails", "written"),
    [
        (["a@b", "c@d"], [("note", "1:x")]),
        (["a@b", "nobody"], []),
        (["nobody", "a@b"], []),
        (["nobody"], []),
    ],
)
def test_one_read_of_a_list_that_found_nothing_is_enough_to_write_nothing(
    emails: list[str], written: list[tuple[str, str]], desk: Any, toolkit: Any
) -> None:
    every = Step(
        tool="find_user",
        args={"email": Item()},
        over=Map(source=Parameter(name="emails")),
        effect=Effect.READ,
        never_empty=True,
    )
    spec = ParameterSpec(name="emails", schema={"type": "array", "items": {"type": "string"}})
    meta_tool = MetaTool(name="help_users", description="Helps.", parameters=(spec,), steps=(every, WRITTEN))
    toolkit(meta_tool).get_tools()[0].invoke({**REQUEST, "name": "help_users", "args": {"emails": emails}})
    assert desk.calls("note") == written
