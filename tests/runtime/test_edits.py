"""What a person changed or refused holds: for later steps, in other processes, and in agents that ask nobody."""

import inspect
import json
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware, wrap_tool_call
from langchain_core.tools import StructuredTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.model.ir.binding import Argument, Constant, Item, Output, Parameter, Template
from langchain_awo.model.ir.metatool import Map, MetaTool, ParameterSpec
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.journal.journal import RunMemory
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from tests.runtime.desk import (
    FIND,
    NOTE,
    ORDERS,
    REFUND,
    ask,
    call,
    model_of,
    plan_of,
    routine,
    step,
    tool_messages,
)

THREAD = {"configurable": {"thread_id": "t"}}
NOTE_IT = step("note", args={"user": Output(step=1, path="/id"), "text": Parameter(name="email")})
TELL = step("refund", args={"order_id": Argument(step=2, path="/text"), "reason": Constant(value="told")})
HELP = routine("help_user", FIND, NOTE_IT, TELL)
HAS_PER_CALL = "interrupt_mode" in inspect.signature(HumanInTheLoopMiddleware).parameters


def _edit(name: str, **args: Any) -> dict[str, Any]:
    return {"type": "edit", "edited_action": {"name": name, "args": args}}


EDIT = _edit("note", user=7, text="changed")
APPROVE = {"type": "approve"}


class Desks:
    """Agents over one thread, each as in a process of its own."""

    def __init__(self, desk: Any, toolkit: Any, meta_tool: Any = HELP, *, store: bool = True) -> None:
        self.desk, self.toolkit, self.meta_tool = desk, toolkit, meta_tool
        self.compiled = {"checkpointer": InMemorySaver(), "store": InMemoryStore() if store else None}

    def agent(self, *middleware: Any, asks: bool = True, allow: Any = ("help_user",), **known: Any) -> Any:
        built = self.toolkit(self.meta_tool, memory=RunMemory())
        installed = MetaToolMiddleware(built, allow=allow, **known)
        model = model_of(*([call("help_user", email="a@b")] if asks else []), "done")
        return create_agent(model, self.desk.tools, middleware=[installed, *middleware], **self.compiled)

    def ask(self, **known: Any) -> Any:
        return self.agent(**known).invoke(ask(), THREAD)

    def answer(self, decision: Any, *middleware: Any, **known: Any) -> Any:
        return self.agent(*middleware, asks=False, **known).invoke(
            Command(resume={"decisions": [decision]}), THREAD
        )


def _told(state: Any) -> dict[str, Any]:
    return json.loads(tool_messages(state)[0].content)


def test_a_later_step_uses_what_was_really_done(desk: Any, toolkit: Any) -> None:
    desks = Desks(desk, toolkit)
    desks.ask(protected=["note"])
    told = _told(desks.answer(EDIT, protected=["note"]))
    assert desk.calls("note") == [("note", "7:changed")]
    assert desk.calls("refund") == [("refund", "changed")]
    assert [each["args"] for each in told["steps"][1:]] == [
        {"user": 7, "text": "changed"},
        {"order_id": "changed", "reason": "told"},
    ]


def test_it_does_so_in_a_third_process_too(desk: Any, toolkit: Any) -> None:
    desks, both = Desks(desk, toolkit), {"protected": ["note", "refund"]}
    desks.ask(**both)
    waiting = desks.answer(EDIT, **both)["__interrupt__"][0].value["action_requests"][0]
    assert waiting["args"]["order_id"] == "changed"
    told = _told(desks.answer(APPROVE, **both))
    assert (desk.calls("note"), desk.calls("refund")) == ([("note", "7:changed")], [("refund", "changed")])
    assert told["steps"][1]["args"] == {"user": 7, "text": "changed"}


SHARED = {
    "the same parameter": step("refund", args={"order_id": Parameter(name="email")}),
    "around it": step("refund", args={"order_id": Template(prefix="x", source=Parameter(name="email"))}),
}


@pytest.mark.parametrize("how", SHARED)
def test_a_write_with_what_was_there_before_the_edit_is_left_to_the_model(
    desk: Any, toolkit: Any, how: str
) -> None:
    desks = Desks(desk, toolkit, routine("help_user", FIND, NOTE_IT, SHARED[how]))
    desks.ask(protected=["note"])
    told = _told(desks.answer(EDIT, protected=["note"]))
    assert "text of note was changed" in told["reason"]
    assert [each["tool"] for each in told["remaining"]] == ["refund"]
    assert desk.calls("refund") == []


def test_an_edit_of_one_item_stops_the_next_writes_over_that_list(desk: Any, toolkit: Any) -> None:
    over = Map(source=Output(step=1, path="/orders/*"))
    first, again = (
        step("refund", args={"order_id": Item(), "reason": Constant(value=why)}, over=over)
        for why in ("broken", "late")
    )
    desks = Desks(desk, toolkit, routine("help_user", FIND, first, again))
    desks.ask(protected=["refund"])
    desks.answer(_edit("refund", order_id="C", reason="broken"), protected=["refund"])
    told = _told(desks.answer(APPROVE, protected=["refund"]))
    assert desk.calls("refund") == [("refund", "C"), ("refund", "B")]
    assert "was changed" in told["reason"]


@pytest.mark.parametrize(("asked", "edited"), [(1, True), (True, 1), (0, 0.0), ([1], [True])])
@pytest.mark.parametrize("protected", [["set_level"], ["set_level", "beep"]], ids=len)
def test_an_edit_that_python_calls_equal_is_an_edit(asked: Any, edited: Any, protected: Any) -> None:
    made = []

    def write(name: str) -> StructuredTool:
        def run(level: Any) -> str:
            made.append((name, repr(level)))
            return "done"

        return StructuredTool.from_function(run, name=name, description="Sets a level.")

    tools = [write(name) for name in ("set_level", "beep", "tell")]
    args = {"set_level": Parameter(name="level"), "beep": Constant(value=3), "tell": Parameter(name="level")}
    steps = (*(step(name, Effect.WRITE, args={"level": each}) for name, each in args.items()),)
    set_it = MetaTool(name="set_it", description="d", parameters=(ParameterSpec(name="level"),), steps=steps)
    built = MetaToolkit(plan=plan_of(tools, set_it), tools=tools, memory=RunMemory())
    installed = MetaToolMiddleware(built, protected=protected, allow=["set_it"])
    model = model_of(call("set_it", level=asked), "done")
    agent = create_agent(model, tools, middleware=[installed], checkpointer=InMemorySaver())
    agent.invoke(ask(), THREAD)
    for decision in (_edit("set_level", level=edited), APPROVE)[: len(protected)]:
        state = agent.invoke(Command(resume={"decisions": [decision]}), THREAD)
    assert made == [("set_level", repr(edited)), ("beep", "3")]
    assert "level of set_level was changed" in _told(state)["reason"]


def test_an_edit_of_something_else_stops_nothing(desk: Any, toolkit: Any) -> None:
    desks = Desks(desk, toolkit, routine("help_user", FIND, ORDERS, NOTE, REFUND))
    desks.ask(protected=["note"])
    assert (
        _told(desks.answer(_edit("note", user=7, text="kinder"), protected=["note"]))["status"] == "completed"
    )


@pytest.mark.skipif(not HAS_PER_CALL, reason="this LangChain asks for batches only")
def test_a_notice_about_an_edit_is_no_part_of_the_result(desk: Any, toolkit: Any) -> None:
    human = HumanInTheLoopMiddleware(interrupt_on={"note": True}, interrupt_mode="per_call")
    agent = Desks(desk, toolkit).agent(human)
    agent.invoke(ask(), THREAD)
    told = _told(agent.invoke(Command(resume=EDIT), THREAD))
    assert told["steps"][1] == {
        "step": 2,
        "tool": "note",
        "args": {"user": 7, "text": "changed"},
        "output": {"noted": "changed"},
    }
    assert desk.calls("refund") == [("refund", "changed")]


def test_what_a_middleware_changes_counts_as_what_was_done(desk: Any, toolkit: Any) -> None:
    @wrap_tool_call
    def shout(request: Any, handler: Any) -> Any:
        if request.tool_call["name"] == "note":
            args = {**request.tool_call["args"], "text": "LOUD"}
            request = request.override(tool_call={**request.tool_call, "args": args})
        return handler(request)

    state = Desks(desk, toolkit).agent(shout).invoke(ask(), THREAD)
    assert _told(state)["steps"][1]["args"]["text"] == "LOUD"
    assert desk.calls("refund") == [("refund", "LOUD")]


ELSEWHERE = {"no protection at all": {}, "protection of another tool": {"protected": ["refund"]}}


@pytest.mark.parametrize("decision", [{"type": "reject"}, APPROVE, EDIT], ids=lambda each: each["type"])
@pytest.mark.parametrize("other", ELSEWHERE)
def test_an_answer_that_nobody_would_take_makes_no_call(
    desk: Any, toolkit: Any, decision: Any, other: str
) -> None:
    desks = Desks(desk, toolkit)
    desks.ask(protected=["note"])
    told = _told(desks.answer(decision, **ELSEWHERE[other]))
    assert "this agent cannot ask" in told["failed"]["error"]
    assert desk.calls("note") == desk.calls("refund") == []


def test_nor_where_the_meta_tool_is_a_plain_tool(desk: Any, toolkit: Any) -> None:
    desks = Desks(desk, toolkit)
    desks.ask(protected=["note"])
    plain = [*desk.tools, *toolkit(HELP, memory=RunMemory()).get_tools()]
    agent = create_agent(model_of("done"), plain, **desks.compiled)
    state = agent.invoke(Command(resume={"decisions": [{"type": "reject"}]}), THREAD)
    assert "this agent cannot ask" in _told(state)["failed"]["error"]
    assert desk.calls("note") == []


def test_nor_where_approvals_are_found_and_the_meta_tool_is_not_allowed(desk: Any, toolkit: Any) -> None:
    desks = Desks(desk, toolkit)
    desks.ask(protected=["note"])
    human = HumanInTheLoopMiddleware(interrupt_on={"note": True})
    state = desks.answer({"type": "reject"}, human, allow=())
    assert "cannot be used here" in tool_messages(state)[0].content
    assert desk.calls("note") == []


def test_after_a_rejection_a_repeated_call_asks_again(desk: Any, toolkit: Any) -> None:
    built = toolkit(HELP, memory=RunMemory())
    installed = MetaToolMiddleware(built, protected=["note"], allow=["help_user"])
    again = call("help_user", email="a@b")
    compiled = {"checkpointer": InMemorySaver()}
    agent = create_agent(model_of(again, again, "done"), desk.tools, middleware=[installed], **compiled)
    agent.invoke(ask(), THREAD)
    state = agent.invoke(Command(resume={"decisions": [{"type": "reject"}]}), THREAD)
    assert state["__interrupt__"]
    assert desk.calls("note") == []
