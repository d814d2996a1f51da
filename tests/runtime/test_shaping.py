"""The model is shown what helps it; the artifact has everything, and the way to the rest is said."""

import json
from dataclasses import replace
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.model.ir.binding import Constant, Item, Output, Parameter
from langchain_awo.model.ir.metatool import Map, Step, UseEvidence
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.outcome import Limits
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from tests.runtime.desk import ask, call, model_of, plan_of, routine, tool_messages

SEEN = UseEvidence(outputs=90, tasks=30)
PARCEL = {
    "parcel_id": "",
    "weight": 3,
    "route": [{"hub": "LIS", "at": "08:00"}, {"hub": "OPO", "at": "11:00"}],
}


@tool
def list_parcels(customer: str) -> dict:
    """Lists parcels."""
    if customer == "gone":
        return {"error": "no such customer", "since": 2020}
    return {"customer": customer, "since": 2020, "parcels": ["P1", "P2"]}


@tool
def get_parcel(parcel_id: str, lang: str = "en") -> dict:
    """Reads a parcel."""
    return {**PARCEL, "parcel_id": parcel_id, "lang": lang}


@tool
def note(text: str) -> str:
    """Writes a note."""
    raise ValueError(f"{text} is too short")


TOOLS = [list_parcels, get_parcel, note]
LIST = Step(
    tool="list_parcels", args={"customer": Parameter(name="email")}, effect=Effect.READ, hide={"/since": SEEN}
)
EACH = Step(
    tool="get_parcel",
    args={"parcel_id": Item()},
    over=Map(source=Output(step=1, path="/parcels/*")),
    effect=Effect.READ,
    hide={"/route/*/at": SEEN, "/weight": SEEN},
    eager=True,
)
NOTE = Step(tool="note", args={"text": Constant(value="x")}, effect=Effect.WRITE)
SHOWN = {"route": [{"hub": "LIS"}, {"hub": "OPO"}], "lang": "en"}


def toolkit_of(*steps: Step, limits: Limits | None = None, **known: Any) -> MetaToolkit:
    return MetaToolkit(
        plan=plan_of(TOOLS, routine("parcels", *steps, **known)), tools=TOOLS, limits=limits or Limits()
    )


def message_of(toolkit: MetaToolkit, email: str = "ann", **options: Any) -> Any:
    request = {"name": "parcels", "args": {"email": email}, "id": "c1", "type": "tool_call"}
    return toolkit.get_tool("parcels", **options).invoke(request)


def told(message: Any) -> list[dict[str, Any]]:
    return json.loads(message.content)["steps"]


def test_places_that_nobody_used_are_left_out_and_the_way_to_them_is_said():
    one, each = told(message_of(toolkit_of(LIST, EACH)))
    assert one["output"] == {"customer": "ann", "parcels": ["P1", "P2"]}
    assert one["more"] == "call list_parcels for /since"
    assert each["more"] == "call get_parcel for /weight, /route/*/at"
    assert each["for_each"] == "parcel_id"
    assert each["outputs"] == [{"parcel_id": "P1", **SHOWN}, {"parcel_id": "P2", **SHOWN}]


def test_the_artifact_has_every_output_whole_with_its_call():
    steps = message_of(toolkit_of(LIST, EACH)).artifact["steps"]
    assert [step["args"] for step in steps] == [{"customer": "ann"}, {"parcel_id": "P1"}, {"parcel_id": "P2"}]
    assert steps[0]["output"]["since"] == 2020
    assert steps[2]["output"] == {**PARCEL, "parcel_id": "P2", "lang": "en"}


@pytest.mark.parametrize("how", ["limits", "whole"])
def test_a_user_can_have_everything_shown(how: str):
    toolkit = toolkit_of(LIST, EACH, limits=Limits(shape=how != "limits"))
    steps = told(message_of(toolkit, whole=how == "whole"))
    assert steps[0]["output"]["since"] == 2020
    assert steps[1]["outputs"][0]["weight"] == 3
    assert "more" not in steps[0]


def test_a_routine_that_stopped_is_told_in_full():
    message = message_of(toolkit_of(LIST, EACH, NOTE))
    assert message.status == "error"
    assert [step["output"].get("weight") for step in told(message)] == [None, 3, 3]
    assert told(message)[0]["output"]["since"] == 2020


def test_an_output_of_another_form_is_shown_but_for_the_hidden_places():
    (step,) = told(message_of(toolkit_of(LIST), email="gone"))
    assert step["output"] == {"error": "no such customer"}


def test_arguments_that_all_items_share_are_told_once():
    both = replace(EACH, args={"parcel_id": Item(), "lang": Constant(value="pt")})
    _, each = told(message_of(toolkit_of(LIST, both)))
    assert (each["args"], each["for_each"]) == ({"lang": "pt"}, "parcel_id")


def test_a_call_that_its_output_does_not_tell_keeps_its_arguments():
    hidden = replace(EACH, hide={"/parcel_id": SEEN})
    _, each = told(message_of(toolkit_of(LIST, hidden)))
    assert [one["args"] for one in each["calls"]] == [{"parcel_id": "P1"}, {"parcel_id": "P2"}]


def test_all_outputs_together_are_bounded():
    toolkit = toolkit_of(LIST, EACH, limits=Limits(answer_chars=900))
    assert len(message_of(toolkit).content) < 900
    many = replace(EACH, over=Map(source=Constant(value=[f"P{n}" * 60 for n in range(20)])))
    content = message_of(toolkit_of(LIST, many, limits=Limits(answer_chars=3_000))).content
    assert len(content) < 6_000
    assert "cut: the first 200 of" in content


def run(mode: str, *script: Any, **options: Any) -> tuple[list[Any], MetaToolMiddleware]:
    installed = MetaToolMiddleware(toolkit_of(LIST, EACH, mode="continue"), mode=mode, **options)
    agent = create_agent(model_of(*script, "done"), TOOLS, middleware=[installed])
    return tool_messages(agent.invoke(ask())), installed


def test_what_is_fetched_along_is_shaped_and_the_call_is_served_whole():
    messages, installed = run(
        "continue", call("list_parcels", customer="ann"), call("get_parcel", parcel_id="P1")
    )
    own, _, fetched = messages[0].content.partition("\n\n")
    assert json.loads(own)["since"] == 2020  # the model asked for it
    (each,) = json.loads(fetched)["steps"]
    assert each["outputs"][0] == {"parcel_id": "P1", **SHOWN}
    assert each["more"].startswith("call get_parcel for /weight")
    assert json.loads(messages[1].content)["weight"] == 3
    assert installed.usage["get_parcel", "served"] == 1


def test_what_is_fetched_along_can_be_shown_whole_too():
    messages, _ = run("continue", call("list_parcels", customer="ann"), continue_limits=Limits(shape=False))
    assert '"weight":3' in messages[0].content


def test_where_the_original_tools_are_hidden_nothing_is_left_out():
    messages, _ = run("replace", call("parcels", email="ann"))
    assert told(messages[0])[1]["outputs"][0]["weight"] == 3
    messages, _ = run("append", call("parcels", email="ann"))
    assert "weight" not in told(messages[0])[1]["outputs"][0]


def test_a_meta_tool_is_installed_in_a_mode_that_its_plan_does_not_say():
    messages, installed = run("entry", entry=lambda _state, _runtime: {"email": "ann"})
    assert messages == []
    assert installed.usage == {("parcels", "entry"): 1}
    messages, installed = run("append", call("parcels", email="ann"))
    assert installed.usage == {("parcels", "called"): 1}
