"""`MetaToolMiddleware` in `create_agent`: how meta-tools are installed, and what guards see."""

import asyncio
import inspect
import json
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    HumanInTheLoopMiddleware,
    wrap_tool_call,
)
from langchain_core.messages import AIMessage, SystemMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.api.phases import load_traces
from langchain_awo.testing import ScriptedChatModel
from tests.runtime.desk import (
    FIND,
    NOTE,
    ORDERS,
    REFUND,
    ask,
    call,
    model_of,
    routine,
    tool_messages,
)
from tests.runtime.watching import Watcher, check_children

THREAD = {"configurable": {"thread_id": "t"}}
INTERRUPT_MODES = ["batched", "per_call"]
if "interrupt_mode" not in inspect.signature(HumanInTheLoopMiddleware).parameters:
    INTERRUPT_MODES.remove("per_call")  # LangChain is too old to have it
HELP = routine("help_user", FIND, ORDERS, NOTE, REFUND)


def _agent(desk: Any, model: Any, *middleware: Any, **compiled: Any) -> Any:
    return create_agent(model, desk.tools, middleware=middleware, **compiled)


def _names(model: ScriptedChatModel, at: int = 0) -> list[str]:
    return list(model.calls[at].tools)


def test_append_shows_meta_tools_after_the_original_tools(desk: Any, toolkit: Any) -> None:
    model = model_of(call("help_user", email="a@b"), "done")
    installed = MetaToolMiddleware(toolkit(HELP))
    state = _agent(desk, model, installed).invoke(ask())
    assert _names(model) == [*(tool.name for tool in desk.tools), "help_user"]
    assert json.loads(tool_messages(state)[0].content)["status"] == "completed"
    assert installed.usage == {("help_user", "called"): 1}


async def test_append_works_asynchronously(desk: Any, toolkit: Any) -> None:
    model = model_of(call("help_user", email="a@b"), "done")
    state = await _agent(desk, model, MetaToolMiddleware(toolkit(HELP))).ainvoke(ask())
    assert json.loads(tool_messages(state)[0].content)["status"] == "completed"


def test_replace_hides_the_members_and_still_calls_them_inside(desk: Any, toolkit: Any) -> None:
    model = model_of(call("help_user", email="a@b"), "done")
    installed = MetaToolMiddleware(toolkit(HELP), mode="replace")
    state = _agent(desk, model, installed).invoke(ask())
    assert _names(model) == ["whoami", "remembered", "help_user"]
    assert json.loads(tool_messages(state)[0].content)["status"] == "completed"


def test_after_a_hand_back_the_replaced_tools_are_shown_again(desk: Any, toolkit: Any) -> None:
    desk.broken["note"] = 1
    model = model_of(call("help_user", email="a@b"), call("note", user=7, text="mine"), "done")
    _agent(desk, model, MetaToolMiddleware(toolkit(HELP), mode="replace")).invoke(ask())
    assert "note" not in _names(model, 0)
    assert "note" in _names(model, 1)
    assert desk.calls("note") == [("note", "7:mine")]


def test_modes_can_be_chosen_by_name(desk: Any, toolkit: Any) -> None:
    built = toolkit(routine("a", FIND), routine("b", FIND, ORDERS, mode="replace"))
    model = model_of("done")
    _agent(desk, model, MetaToolMiddleware(built, mode={"b": "append"})).invoke(ask())
    assert _names(model)[-2:] == ["a", "b"]
    assert "find_user" in _names(model)


def test_a_new_toolkit_is_taken_up_between_turns_of_one_agent(desk: Any, toolkit: Any) -> None:
    model = model_of("nothing to do", call("help_user", email="a@b"), "done")
    installed = MetaToolMiddleware(toolkit())
    agent = _agent(desk, model, installed, checkpointer=InMemorySaver())
    agent.invoke(ask(), THREAD)
    installed.toolkit = toolkit(HELP)
    state = agent.invoke(ask("now"), THREAD)
    assert "help_user" not in _names(model, 0)
    assert "help_user" in _names(model, 1)
    assert json.loads(tool_messages(state)[0].content)["status"] == "completed"


def _auditor(seen: list[str]) -> Any:
    @wrap_tool_call
    def audit(request: Any, handler: Any) -> Any:
        seen.append(request.tool_call["name"])
        return handler(request)

    return audit


def test_guards_that_go_by_name_see_every_inner_call(desk: Any, toolkit: Any) -> None:
    seen: list[str] = []
    model = model_of(call("help_user", email="a@b"), "done")
    _agent(desk, model, MetaToolMiddleware(toolkit(HELP)), _auditor(seen)).invoke(ask())
    assert sorted(seen) == ["find_user", "get_order", "get_order", "help_user", "note", "refund"]


def test_a_guard_that_refuses_an_inner_call_stops_the_routine(desk: Any, toolkit: Any) -> None:
    from langchain_core.messages import ToolMessage

    @wrap_tool_call
    def no_notes(request: Any, handler: Any) -> Any:
        if request.tool_call["name"] == "note":
            return ToolMessage("notes are off", tool_call_id=request.tool_call["id"], status="error")
        return handler(request)

    model = model_of(call("help_user", email="a@b"), "done")
    state = _agent(desk, model, MetaToolMiddleware(toolkit(HELP)), no_notes).invoke(ask())
    assert json.loads(tool_messages(state)[0].content)["failed"]["error"] == "notes are off"
    assert desk.calls("note") == desk.calls("refund") == []


def test_guarded_inner_calls_are_children_of_the_meta_tool_marked_as_replayed(
    desk: Any, toolkit: Any
) -> None:
    watcher = Watcher()
    model = model_of(call("help_user", email="a@b"), "done")
    agent = _agent(desk, model, MetaToolMiddleware(toolkit(HELP)), _auditor([]))
    agent.invoke(ask(), {"callbacks": [watcher]})
    check_children(watcher, ["find_user", "get_order", "get_order", "note", "refund"])


async def test_they_are_children_asynchronously_and_while_streaming_too(desk: Any, toolkit: Any) -> None:
    watcher = Watcher()
    model = model_of(call("help_user", email="a@b"), "done")
    agent = _agent(desk, model, MetaToolMiddleware(toolkit(HELP)))
    async for _ in agent.astream(ask(), {"callbacks": [watcher]}, stream_mode="updates"):
        pass
    check_children(watcher, ["find_user", "get_order", "get_order", "note", "refund"])


def test_guarded_inner_calls_get_their_hidden_arguments(desk: Any, toolkit: Any) -> None:
    from langchain_awo.model.ir.binding import Output
    from tests.runtime.desk import step

    meta_tool = routine("help_user", FIND, step("whoami", args={"user": Output(step=1, path="/id")}))
    model = model_of(call("help_user", email="a@b"), "done")
    state = _agent(desk, model, MetaToolMiddleware(toolkit(meta_tool))).invoke(ask())
    (message,) = tool_messages(state)
    told = json.loads(message.content)["steps"][1]["output"]
    assert told == {"messages": 2, "call_id": f"{message.tool_call_id}__2", "same": True, "user": 7}


def test_meta_tools_over_protected_tools_are_not_installed(desk: Any, toolkit: Any) -> None:
    human = HumanInTheLoopMiddleware(interrupt_on={"note": True})
    model = model_of(call("help_user", email="a@b"), "done")
    installed = MetaToolMiddleware(toolkit(HELP), protected=[human, "whoami"])
    state = _agent(desk, model, installed, human, checkpointer=InMemorySaver()).invoke(ask(), THREAD)
    assert "help_user" not in _names(model)
    assert "'note', which is protected" in installed.refused["help_user"]
    assert tool_messages(state)[0].status == "error"
    assert desk.calls() == []


def test_a_refused_meta_tool_is_refused_even_if_the_agent_has_it(desk: Any, toolkit: Any) -> None:
    built = toolkit(HELP)
    model = model_of(call("help_user", email="a@b"), "done")
    installed = MetaToolMiddleware(built, protected=["note"])
    agent = create_agent(model, [*desk.tools, *built.get_tools()], middleware=[installed])
    state = agent.invoke(ask())
    assert "help_user" not in _names(model)
    assert "cannot be used here" in tool_messages(state)[0].content
    assert desk.calls() == []


def _approving(desk: Any, toolkit: Any, interrupt_mode: str, decision: dict[str, Any]) -> tuple[Any, Any]:
    options = {} if interrupt_mode == "batched" else {"interrupt_mode": interrupt_mode}
    human = HumanInTheLoopMiddleware(
        interrupt_on={"note": {"allowed_decisions": ["approve", "edit", "reject", "respond"]}}, **options
    )
    model = model_of(call("help_user", email="a@b"), "done")
    installed = MetaToolMiddleware(toolkit(HELP), protected=[human], allow=["help_user"])
    agent = _agent(desk, model, installed, human, checkpointer=InMemorySaver())
    waiting = agent.invoke(ask(), THREAD)["__interrupt__"][0].value
    answer = decision if interrupt_mode == "per_call" else {"decisions": [decision]}
    return waiting, agent.invoke(Command(resume=answer), THREAD)


@pytest.mark.parametrize("interrupt_mode", INTERRUPT_MODES)
def test_an_allowed_protected_call_is_approved_with_its_name_and_arguments(
    desk: Any, toolkit: Any, interrupt_mode: str
) -> None:
    waiting, state = _approving(desk, toolkit, interrupt_mode, {"type": "approve"})
    asked = waiting if interrupt_mode == "per_call" else waiting["action_requests"][0]
    assert (asked["name"], asked["args"]) == ("note", {"user": 7, "text": "hello"})
    assert "hello" in asked["description"]
    assert json.loads(tool_messages(state)[0].content)["status"] == "completed"
    assert sorted(name for name, _ in desk.calls()) == [
        "find_user",
        "get_order",
        "get_order",
        "note",
        "refund",
    ]


def test_an_edited_call_is_made_and_reported_as_edited(desk: Any, toolkit: Any) -> None:
    edited = {"type": "edit", "edited_action": {"name": "note", "args": {"user": 7, "text": "kinder"}}}
    _, state = _approving(desk, toolkit, "batched", edited)
    told = json.loads(tool_messages(state)[0].content)
    assert told["steps"][2]["args"] == {"user": 7, "text": "kinder"}
    assert desk.calls("note") == [("note", "7:kinder")]


def test_a_rejected_call_is_handed_back_and_an_answered_one_is_not_made(desk: Any, toolkit: Any) -> None:
    _, state = _approving(desk, toolkit, "batched", {"type": "reject", "message": "not now"})
    told = json.loads(tool_messages(state)[0].content)
    assert "not now" in told["failed"]["error"]
    assert desk.calls("note") == desk.calls("refund") == []


def test_an_answer_in_place_of_the_call_goes_on(desk: Any, toolkit: Any) -> None:
    _, state = _approving(desk, toolkit, "batched", {"type": "respond", "message": "already noted"})
    told = json.loads(tool_messages(state)[0].content)
    assert told["steps"][2]["output"] == "already noted"
    assert told["status"] == "completed"
    assert desk.calls("note") == []


def test_a_decision_that_is_not_allowed_is_an_error(desk: Any, toolkit: Any) -> None:
    human = HumanInTheLoopMiddleware(interrupt_on={"note": {"allowed_decisions": ["approve"]}})
    model = model_of(call("help_user", email="a@b"), "done")
    installed = MetaToolMiddleware(toolkit(HELP), protected=[human], allow=["help_user"])
    agent = _agent(desk, model, installed, human, checkpointer=InMemorySaver())
    agent.invoke(ask(), THREAD)
    state = agent.invoke(Command(resume={"decisions": [{"type": "reject"}]}), THREAD)
    assert "'reject' is not one of approve" in json.loads(tool_messages(state)[0].content)["failed"]["error"]
    assert desk.calls("note") == []


def test_human_approval_of_the_meta_tool_itself_works(desk: Any, toolkit: Any) -> None:
    human = HumanInTheLoopMiddleware(interrupt_on={"help_user": True})
    model = model_of(call("help_user", email="a@b"), "done")
    agent = _agent(desk, model, MetaToolMiddleware(toolkit(HELP)), human, checkpointer=InMemorySaver())
    agent.invoke(ask(), THREAD)
    assert desk.calls() == []
    agent.invoke(Command(resume={"decisions": [{"type": "approve"}]}), THREAD)
    assert len(desk.calls()) == 5


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_held_out_threads_get_no_meta_tools(desk: Any, toolkit: Any, share: float) -> None:
    model = model_of("done", "done")
    installed = MetaToolMiddleware(toolkit(HELP), hold_out=share)
    agent = _agent(desk, model, installed, checkpointer=InMemorySaver())
    agent.invoke(ask(), THREAD)
    state = agent.invoke(ask(), THREAD)
    assert ("help_user" in _names(model, 0)) == (share == 0.0) == ("help_user" in _names(model, 1))
    assert not any(key.startswith("awo") for key in state)


@pytest.mark.parametrize("how", ["sync", "async"])
def test_each_run_of_the_agent_is_recorded_as_one_trace(
    desk: Any, toolkit: Any, tmp_path: Any, how: str
) -> None:
    script = [call("find_user", email="a@b"), call("help_user", email="a@b"), "done"]
    installed = MetaToolMiddleware(toolkit(HELP), record=tmp_path / "traces.db")
    agent = _agent(desk, model_of(*script, "nothing"), installed)
    for words in ("first", "second"):
        asyncio.run(agent.ainvoke(ask(words))) if how == "async" else agent.invoke(ask(words))
    installed.recorder.close()
    first, second = load_traces(tmp_path / "traces.db")
    assert [len(trace.model_calls) for trace in (first, second)] == [3, 1]
    assert [message.text for trace in (first, second) for message in trace.messages] == ["first", "second"]
    own = [each.name for each in first.tool_calls if each.replay is None]
    inner = [(each.name, each.replay.step) for each in first.tool_calls if each.replay]
    assert own == ["find_user", "help_user"]
    assert sorted(inner) == [
        ("find_user", 1),
        ("get_order", 2),
        ("get_order", 2),
        ("note", 3),
        ("refund", 4),
    ]


def test_a_run_that_waits_for_an_answer_is_recorded_as_one_trace(
    desk: Any, toolkit: Any, tmp_path: Any
) -> None:
    desk.asks = {"refund"}
    installed = MetaToolMiddleware(toolkit(HELP), record=tmp_path / "traces.db")
    model = model_of(call("help_user", email="a@b"), "done")
    agent = _agent(desk, model, installed, checkpointer=InMemorySaver())
    agent.invoke(ask(), THREAD)
    agent.invoke(Command(resume="yes"), THREAD)
    installed.recorder.close()
    (trace,) = load_traces(tmp_path / "traces.db")
    assert len(trace.model_calls) == 2
    assert trace.thread_id == "t"
    assert [each.status for each in trace.tool_calls if each.name in ("help_user", "refund")] == ["ok", "ok"]


def test_entry_runs_once_at_the_start_of_a_thread_and_is_in_the_system_prompt(
    desk: Any, toolkit: Any
) -> None:
    model = model_of("done", "done")
    installed = MetaToolMiddleware(toolkit(routine("greet", FIND, ORDERS, mode="entry")))
    agent = create_agent(
        model, desk.tools, middleware=[installed], system_prompt="Be kind.", checkpointer=InMemorySaver()
    )
    config = {"configurable": {"thread_id": "t", "email": "a@b"}}
    agent.invoke(ask(), config)
    agent.invoke(ask("more"), config)
    assert len(desk.calls()) == 3
    for past in model.calls:
        prompt = past.messages[0]
        assert isinstance(prompt, SystemMessage)
        assert prompt.text.startswith("Be kind.\n\nKnown from the start (greet):")
        assert '"orders":["A","B"]' in prompt.text
    assert "greet" not in _names(model)


async def test_entry_works_asynchronously_with_given_parameters(desk: Any, toolkit: Any) -> None:
    model = model_of("done")
    built = toolkit(routine("greet", FIND, mode="entry"))
    installed = MetaToolMiddleware(built, entry=lambda state, runtime: {"email": state["messages"][0].text})
    await _agent(desk, model, installed).ainvoke(ask("x@y"))
    assert desk.calls() == [("find_user", "x@y")]


def test_entry_does_not_run_without_its_parameters_nor_when_it_writes(desk: Any, toolkit: Any) -> None:
    model = model_of("done")
    built = toolkit(routine("greet", FIND, mode="entry"), routine("write", FIND, NOTE, mode="entry"))
    installed = MetaToolMiddleware(built)
    _agent(desk, model, installed).invoke(ask())
    assert desk.calls() == []
    assert "may write" in installed.refused["write"]


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("trouble", ["asks a person", "valid string"])
def test_an_entry_that_asks_or_cannot_be_run_does_not_hold_up_the_agent(
    desk: Any, toolkit: Any, caplog: Any, how: str, trouble: str
) -> None:
    if trouble == "asks a person":
        desk.asks = {"get_order"}
    email = "a@b" if desk.asks else 17
    built = toolkit(routine("help_user", FIND, ORDERS, mode="entry"))
    installed = MetaToolMiddleware(built, entry=lambda state, runtime: {"email": email})
    agent = _agent(desk, model_of("hello"), installed, checkpointer=InMemorySaver())
    state = agent.invoke(ask(), THREAD) if how == "sync" else asyncio.run(agent.ainvoke(ask(), THREAD))
    assert "__interrupt__" not in state
    assert state["messages"][-1].text == "hello"
    assert trouble in caplog.text
    assert installed.usage == {}


def test_streaming_works_with_the_middleware(desk: Any, toolkit: Any) -> None:
    model = model_of(call("help_user", email="a@b"), "done")
    agent = _agent(desk, model, MetaToolMiddleware(toolkit(HELP)))
    chunks = list(agent.stream(ask(), stream_mode=["messages", "custom"]))
    assert sum(mode == "custom" for mode, _ in chunks) == 5
    assert any(isinstance(chunk[0], AIMessage) for mode, chunk in chunks if mode == "messages")


def test_without_langchain_the_error_names_the_extra() -> None:
    import subprocess
    import sys

    code = (
        "import sys; sys.modules['langchain'] = None\n"
        "from langchain_awo.errors import MissingExtraError\n"
        "try:\n    import langchain_awo.api.middleware\n"
        "except MissingExtraError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  # our own code
    assert "langchain-awo[langchain]" in done.stdout
