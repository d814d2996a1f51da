"""What a model fills in for "nothing" is no argument, wherever a parameter is optional and nobody ever meant it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool

import langchain_awo as awo
from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.model.ir.binding import Output, Parameter
from langchain_awo.model.ir.metatool import Guard, MetaTool, ParameterSpec, Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from langchain_awo.testing import ScriptedChatModel, ask_tools
from tests.runtime.desk import plan_of, state_graph

FILLERS = [0, 0.0, "", "  ", [], {}, None, False, "none", "None", "N/A", "n/a", "null", "NULL"]
FIND = Step(tool="find_member", args={"email": Parameter(name="email")}, effect=Effect.READ)


class Library:
    """A library that remembers what its tools were called with."""

    def __init__(self) -> None:
        self.loans: list[dict[str, Any]] = []
        self.credits: list[Any] = []

    @property
    def tools(self) -> list[Any]:
        @tool
        def find_member(email: str) -> dict:
            """Finds a member."""
            return {"member": email.partition("@")[0]}

        @tool
        def list_loans(member: str, state: Any = "all", copies: Any = 1) -> dict:
            """Lists loans."""
            self.loans.append({"member": member, "state": state, "copies": copies})
            return {"state": state, "copies": copies}

        @tool
        def credit(member: str, amount: float) -> str:
            """Credits an amount."""
            self.credits.append(amount)
            return "credited"

        return [find_member, list_loans, credit]


def _routine(*parameters: ParameterSpec, steps: tuple[Step, ...] = ()) -> MetaTool:
    named = tuple(replace(each, schema=each.schema or {"description": each.name}) for each in parameters)
    loans = Step(
        tool="list_loans",
        args={
            "member": Output(step=1, path="/member"),
            **{each.name: Parameter(name=each.name) for each in parameters},
        },
        optional=tuple(each.name for each in parameters if not each.required),
        effect=Effect.READ,
    )
    return MetaTool(
        name="loans_of",
        description="Lists the loans of a member.",
        parameters=(ParameterSpec(name="email", schema={"type": "string"}), *named),
        steps=(FIND, *(steps or (loans,))),
    )


def _used(library: Library, meta_tool: MetaTool, **arguments: Any) -> Any:
    """What the agent was answered when its model called the meta-tool with these arguments."""
    toolkit = MetaToolkit(plan=plan_of(library.tools, meta_tool), tools=library.tools)
    model = ScriptedChatModel(script=[ask_tools((meta_tool.name, {"email": "a@b", **arguments})), "done"])
    agent = create_agent(model, library.tools, middleware=[MetaToolMiddleware(toolkit, protected=[])])
    return json.loads(agent.invoke({"messages": [("user", "help")]})["messages"][-2].content)


STATE = ParameterSpec(name="state", required=False)
COPIES = ParameterSpec(name="copies", required=False)


@pytest.mark.parametrize("value", FILLERS, ids=repr)
def test_a_filler_in_an_optional_parameter_is_left_out(value: Any) -> None:
    library = Library()
    _used(library, _routine(STATE, COPIES), state=value, copies=value)
    assert library.loans == [{"member": "a", "state": "all", "copies": 1}]


@pytest.mark.parametrize("value", ["open", 2, True, ["x"], "0", "nobody"], ids=repr)
def test_anything_else_is_passed_on(value: Any) -> None:
    library = Library()
    _used(library, _routine(STATE), state=value)
    assert library.loans[0]["state"] == value


@pytest.mark.parametrize("value", [0, "", [], False, "none", "N/A"], ids=repr)
def test_what_recorded_calls_really_passed_is_passed_on(value: Any) -> None:
    library = Library()
    _used(library, _routine(replace(STATE, meant=(value,))), state=value)
    assert library.loans[0]["state"] == value


def test_the_one_that_was_meant_says_nothing_of_the_others() -> None:
    library = Library()
    meant = replace(COPIES, meant=(0,))
    _used(library, _routine(replace(STATE, meant=("none",)), meant), state="", copies=False)
    assert library.loans == [{"member": "a", "state": "all", "copies": 1}]


def test_a_required_parameter_takes_whatever_it_is_given() -> None:
    library = Library()
    _used(library, _routine(replace(STATE, required=True)), state="")
    assert library.loans[0]["state"] == ""


def test_a_choice_that_the_schema_lists_is_meant() -> None:
    library = Library()
    listed = replace(STATE, schema={"type": "string", "enum": ["none", "open"]})
    _used(library, _routine(listed), state="none")
    assert library.loans[0]["state"] == "none"


@pytest.mark.parametrize("amount", [0, 0.0, None, "", "N/A"], ids=repr)
def test_a_write_that_goes_by_an_optional_parameter_is_not_made_for_a_filler(amount: Any) -> None:
    pay = Step(
        tool="credit",
        args={"member": Output(step=1, path="/member"), "amount": Parameter(name="amount")},
        guard=Guard(source=Parameter(name="amount"), test="given"),
        effect=Effect.WRITE,
    )
    library = Library()
    routine = replace(_routine(steps=(pay,)), parameters=(
        ParameterSpec(name="email"), ParameterSpec(name="amount", required=False),
    ))  # fmt: skip
    told = _used(library, routine, amount=amount)
    assert library.credits == []
    assert told["notes"] == [
        "credit was not called: amount was not given; it is called only where $amount is given"
    ]


def test_two_equal_calls_with_fillers_side_by_side_are_two_calls() -> None:
    """In a tool node of one's own both share a task, and their arguments are counted as they were meant."""
    pay = Step(
        tool="credit",
        args={"member": Output(step=1, path="/member"), "amount": Parameter(name="amount")},
        effect=Effect.WRITE,
    )
    library = Library()
    routine = replace(_routine(steps=(pay,)), parameters=(
        ParameterSpec(name="email"), ParameterSpec(name="amount"), ParameterSpec(name="why", required=False),
    ))  # fmt: skip
    toolkit = MetaToolkit(plan=plan_of(library.tools, routine), tools=library.tools)
    same = ("loans_of", {"email": "a@b", "amount": 3, "why": ""})
    model = ScriptedChatModel(script=[ask_tools(same, same), "done"])
    state_graph(model, toolkit.get_tools()).invoke({"messages": [("user", "help")]})
    assert library.credits == [3, 3]


def test_a_compiled_plan_knows_what_its_recorded_calls_meant(tmp_path: Any) -> None:
    """Agents that asked for `copies=0` meant it; nobody ever asked for an empty state."""
    library = Library()
    with awo.TraceRecorder(tmp_path / "traces.db") as recorder:
        for number in range(12):
            more: dict[str, Any] = {"copies": 0} if number % 3 else {}
            more |= {"state": "open"} if number % 2 else {}
            model = ScriptedChatModel(
                script=[
                    ask_tools(("find_member", {"email": f"m{number}@b"})),
                    ask_tools(("list_loans", {"member": f"m{number}", **more})),
                    "done",
                ]
            )
            create_agent(model, library.tools).invoke(
                {"messages": [("user", f"loans of m{number}@b")]},
                {"callbacks": [recorder], "metadata": {"task_id": str(number)}},
            )
    literal = awo.compile_toolkit(tmp_path / "traces.db", tools=library.tools, strategy="awo")
    default = awo.compile_toolkit(tmp_path / "traces.db", tools=library.tools)
    found = {
        (spec.name, spec.required): spec.meant
        for toolkit in (literal, default)
        for each in toolkit.meta_tools
        for spec in each.parameters
    }
    assert all(meant in ((), (0,)) for meant in found.values())
    assert all(meant == () for (name, _), meant in found.items() if name != "copies")
    assert ("copies", False) in found
