"""Where a continuation begins, what of it there is room for, and whose call it is."""

import dataclasses
import json
from types import SimpleNamespace

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.tools import tool
from pydantic import BaseModel

from langchain_awo.model.ir.binding import Constant, Item, Parameter, Template
from langchain_awo.model.ir.metatool import Map, MetaTool, Step
from langchain_awo.model.trace.handback import FETCHED_NOTE
from langchain_awo.runtime.agent.sampling import is_held_out
from langchain_awo.runtime.continuing.start import start_of, with_fetched
from langchain_awo.runtime.inner.reparent_runs import adopt_tool
from langchain_awo.runtime.journal.identity import derive_key, identify_user, list_asked_calls, list_messages

ANCHOR = Step(
    tool="search",
    args={
        "kind": Constant(value=1),
        "path": Template(prefix="/u/", source=Parameter(name="user"), suffix="/x"),
        "note": Parameter(name="note"),
    },
    optional=("note",),
)
THEN = Step(tool="get", args={"id": Parameter(name="user")})
ROUTINE = MetaTool(name="m", description="", steps=(ANCHOR, THEN))


@pytest.mark.parametrize(
    ("args", "parameters"),
    [
        ({"kind": 1, "path": "/u/7/x"}, {"user": "7"}),
        ({"kind": 1, "path": "/u/7/x", "note": None}, {"user": "7", "note": None}),
        ({"kind": True, "path": "/u/7/x"}, None),
        ({"kind": 1.0, "path": "/u/7/x"}, None),
        ({"kind": 1, "path": "/u//x"}, None),
        ({"kind": 1, "path": "/u/x"}, None),
        ({"kind": 1, "path": 7}, None),
        ({"kind": 1, "path": "/u/7/y"}, None),
        ({"kind": 1}, None),
        ({"kind": 1, "path": "/u/7/x", "more": 1}, None),
    ],
)
def test_a_continuation_starts_at_a_call_that_its_first_step_can_be(args, parameters):
    found = start_of(ROUTINE, "search", args)
    assert (found.parameters if found else None) == parameters
    assert start_of(ROUTINE, "other", args) is None


def test_the_first_step_of_a_continuation_is_the_very_call():
    args = {"kind": 1, "path": "/u/7/x"}
    first, then = start_of(ROUTINE, "search", args).meta_tool.steps
    assert {name: binding.value for name, binding in first.args.items()} == args
    assert (first.over, first.effect.is_read, then) == (None, True, THEN)


def test_a_call_of_one_item_starts_a_list_of_one():
    mapped = Step(tool="get", args={"id": Item()}, over=Map(source=Parameter(name="ids")))
    found = start_of(MetaTool(name="m", description="", steps=(mapped, THEN)), "get", {"id": 3})
    assert found.meta_tool.steps[0].over == Map(source=Constant(value=[{"id": 3}]))
    assert found.parameters == {}


def fetched(content, *told, characters):
    return with_fetched(content, told, characters=characters)


STEP = {"step": 1, "tool": "get", "calls": [{"args": {"id": n}, "output": "y" * 20} for n in range(4)]}
SINGLE = {"step": 1, "tool": "find", "args": {}, "output": "z" * 50}


def steps_of(text):
    return json.loads(text.removeprefix("answer\n\n"))["steps"]


def test_what_was_fetched_stands_below_the_answer_numbered_behind_it():
    text = fetched("answer", SINGLE, SINGLE, characters=1000)
    assert FETCHED_NOTE in text
    assert [step["step"] for step in steps_of(text)] == [2, 3]
    blocks = fetched([{"type": "text", "text": "answer"}], SINGLE, characters=1000)
    assert [block["type"] for block in blocks] == ["text", "text"]


def test_of_a_step_that_is_too_long_its_first_items_are_told():
    (step,) = steps_of(fetched("answer", STEP, characters=200))
    assert [each["args"]["id"] for each in step["calls"]] == [0, 1]
    assert step["note"] == "cut: call get for the others"


def test_nothing_behind_what_there_is_no_room_for_is_told():
    assert fetched("answer", SINGLE, STEP, characters=20) == "answer"
    assert [step["tool"] for step in steps_of(fetched("answer", SINGLE, SINGLE, characters=120))] == ["find"]
    assert fetched("answer", characters=500) == "answer"


def test_a_whole_step_at_the_limit_is_told_whole():
    room = len(json.dumps({**SINGLE, "step": 2}, separators=(",", ":")))
    assert len(steps_of(fetched("answer", SINGLE, characters=room))) == 1
    assert fetched("answer", SINGLE, characters=room - 1) == "answer"


def running(state, **more):
    return SimpleNamespace(state=state, **more)


SAID = [
    HumanMessage("hello"),
    AIMessage("", tool_calls=[{"name": "old", "args": {}, "id": "0"}]),
    ToolMessage("", tool_call_id="0"),
    AIMessage("", tool_calls=[{"name": "a", "args": {}, "id": "1"}, {"name": "b", "args": {}, "id": "2"}]),
    ToolMessage("", tool_call_id="1"),
]


@pytest.mark.parametrize(
    "state", [SAID, {"messages": SAID}, SimpleNamespace(messages=SAID)], ids=["list", "mapping", "object"]
)
def test_messages_are_found_whatever_kind_of_state_a_graph_has(state):
    assert list_messages(running(state)) == SAID
    assert [call["name"] for call in list_asked_calls(running(state))] == ["a", "b"]


@pytest.mark.parametrize(
    "runtime", [None, running(None), running({}), running({"messages": None}), running([])]
)
def test_where_there_is_no_message_nothing_was_asked(runtime):
    assert list_messages(runtime) == []
    assert list_asked_calls(runtime) == []
    assert list_asked_calls(running([HumanMessage("hello")])) == []


class Person(BaseModel):
    name: str = "ann"


@dataclasses.dataclass
class Context:
    user_id: str = "ann"
    page: int = 1


class Plain:
    def __init__(self, **named):
        self.__dict__.update(named)


def test_a_user_is_the_same_wherever_the_name_stands():
    ann = identify_user({"configurable": {"user_id": "ann", "thread_id": "t"}}, None)
    assert ann
    assert ann == identify_user({"metadata": {"userId": "ann", "page": 7}}, None)
    assert ann == identify_user(None, SimpleNamespace(context=Context()))
    assert ann == identify_user({}, SimpleNamespace(context=Plain(user_id="ann")))
    assert ann != identify_user({"configurable": {"user_id": "bob"}}, None)
    assert ann != identify_user({"configurable": {"tenant": "ann"}}, None)


@pytest.mark.parametrize(
    "configurable",
    [
        {},
        {"thread_id": "t"},
        {"user_agent": "x"},
        {"user_id": None},
        {"user_id": ""},
        {"user": Plain()},
        {"langgraph_auth_user": {"id": "x"}},
    ],
)
def test_what_names_nobody_is_no_user(configurable):
    assert identify_user({"configurable": configurable}, None) == ""


def test_an_object_is_known_by_what_it_says_of_who_it_is_and_not_by_its_address():
    def user(value):
        return identify_user({"configurable": {"user": value}}, None)

    assert user(Plain(identity="ann")) == user(Plain(id="ann", email="x")) == user("ann")
    assert user(Person()) == user(Person()) != user(Person(name="bob"))
    assert user(Context()) == user(Context())


def key(parameters, *, name="m", config=None, runtime=None):
    return derive_key(name, parameters, specs={}, config=config, runtime=runtime)


def test_outside_a_graph_every_call_is_another_run_and_nothing_is_looked_up():
    one, other = key({"id": 1}), key({"id": 1})
    assert one.run != other.run
    assert (one.conversation, one.slot, one.task) == ("", "", "")
    assert one.wish == other.wish != key({"id": True}).wish


def test_a_thread_and_a_user_name_a_conversation():
    config = {"configurable": {"thread_id": "t", "user_id": "ann"}}
    one, other = key({"id": 1}, config=config), key({"id": 1}, config=config)
    assert one.slot == other.slot != ""
    assert one.slot != key({"id": 2}, config=config).slot
    assert one.slot != key({"id": 1}, name="n", config=config).slot
    assert one.slot != key({"id": 1}, config={"configurable": {"thread_id": "t", "user_id": "bob"}}).slot
    assert one.slot != key({"id": 1}, config={"configurable": {"thread_id": "u", "user_id": "ann"}}).slot


@tool
def look(x: int) -> int:
    """Looks."""
    return x


def test_an_adopted_tool_is_a_marked_copy_and_the_tool_stays_as_it_is():
    look.metadata, look.tags = {"own": 1}, ["own"]
    child = adopt_tool(look, [], tags=["ours"], metadata={"awo": 2})
    assert (child.metadata, child.tags) == ({"own": 1, "awo": 2}, ["own", "ours"])
    assert (look.metadata, look.tags) == ({"own": 1}, ["own"])
    assert child.invoke({"x": 3}) == 3


async def test_an_adopted_tool_runs_below_the_callbacks_it_was_given():
    from langchain_core.callbacks import BaseCallbackHandler

    class Noting(BaseCallbackHandler):
        def __init__(self):
            self.seen = []

        def on_tool_start(self, serialized, input_str, **known):
            self.seen.append((known["tags"], known["metadata"]))

    own, foreign = Noting(), Noting()
    child = adopt_tool(look, [own], tags=["ours"], metadata={})
    config = {"callbacks": [foreign], "metadata": {"of": "the caller"}}
    child.invoke({"x": 3}, config)
    assert await child.ainvoke({"x": 4}, config) == 4
    assert len(own.seen) == 2
    assert foreign.seen == []
    assert own.seen[0][1]["of"] == "the caller"
    assert config["callbacks"] == [foreign]


def held_out(share, thread):
    token = var_child_runnable_config.set({"configurable": {"thread_id": thread}})
    try:
        return is_held_out(share)
    finally:
        var_child_runnable_config.reset(token)


def test_a_thread_is_always_or_never_held_out_and_threads_are_in_their_share():
    found = [held_out(0.25, f"t{number}") for number in range(400)]
    assert found == [held_out(0.25, f"t{number}") for number in range(400)]
    assert 60 < sum(found) < 140
    assert all(held_out(1.0, thread) for thread in ("a", 7))
    assert not any(held_out(0.0, thread) for thread in ("a", None))
    assert held_out(0.5, 7) == held_out(0.5, "7")
