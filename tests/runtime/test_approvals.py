"""Every way in which an agent may ask a person is found, or refused, whatever the order: nothing passes unasked."""

import inspect
import json
import logging
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, HumanInTheLoopMiddleware, wrap_tool_call
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command, interrupt

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.api.phases import compile_toolkit
from langchain_awo.errors import ApprovalError
from langchain_awo.runtime.agent import middleware as middleware_module
from langchain_awo.runtime.approval import running_graph
from tests.runtime.desk import FIND, NOTE, ORDERS, REFUND, ask, call, model_of, routine, tool_messages

HELP = routine("help_user", FIND, ORDERS, NOTE, REFUND)
THREAD = {"configurable": {"thread_id": "t"}}
HAS_PER_CALL = "interrupt_mode" in inspect.signature(HumanInTheLoopMiddleware).parameters
MODES = ["batched", *(["per_call"] if HAS_PER_CALL else [])]
APPROVE = {"type": "approve"}


def _human(mode: str = "batched", **interrupt_on: Any) -> HumanInTheLoopMiddleware:
    options = {} if mode == "batched" else {"interrupt_mode": mode}
    return HumanInTheLoopMiddleware(interrupt_on=interrupt_on or {"note": True}, **options)


def _agent(desk: Any, middleware: list[Any], *turns: Any, tools: Any = None, **compiled: Any) -> Any:
    model = model_of(*(turns or (call("help_user", email="a@b"),)), "done")
    compiled.setdefault("checkpointer", InMemorySaver())
    return create_agent(model, tools or desk.tools, middleware=middleware, **compiled)


def _writes(desk: Any) -> list[Any]:
    return desk.calls("note") + desk.calls("refund")


def _orders(installed: Any, human: Any) -> dict[str, list[Any]]:
    return {"ours first": [installed, human], "ours last": [human, installed]}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", ["ours first", "ours last"])
def test_approvals_in_the_agent_are_found_in_any_order(
    desk: Any, toolkit: Any, order: str, mode: str
) -> None:
    installed = MetaToolMiddleware(toolkit(HELP))
    agent = _agent(desk, _orders(installed, _human(mode))[order])
    assert "'note', which is protected" in installed.refused["help_user"]
    state = agent.invoke(ask(), THREAD)
    assert "cannot be used here" in tool_messages(state)[0].content
    assert _writes(desk) == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", ["ours first", "ours last"])
def test_allowed_inner_calls_are_asked_for_once_in_any_order(
    desk: Any, toolkit: Any, order: str, mode: str
) -> None:
    installed = MetaToolMiddleware(toolkit(HELP), allow=["help_user"])
    agent = _agent(desk, _orders(installed, _human(mode))[order])
    (asked,) = agent.invoke(ask(), THREAD)["__interrupt__"]
    assert _writes(desk) == []
    request = asked.value if mode == "per_call" else asked.value["action_requests"][0]
    assert (request["name"], request["args"]) == ("note", {"user": 7, "text": "hello"})
    state = agent.invoke(Command(resume=APPROVE if mode == "per_call" else {"decisions": [APPROVE]}), THREAD)
    assert json.loads(tool_messages(state)[0].content)["status"] == "completed"
    assert len(_writes(desk)) == 2


@pytest.mark.parametrize("order", ["ours first", "ours last"])
def test_a_read_that_needs_approval_is_not_continued_to(desk: Any, toolkit: Any, order: str) -> None:
    from dataclasses import replace

    eager = routine("help_user", FIND, replace(ORDERS, eager=True), mode="continue")
    installed = MetaToolMiddleware(toolkit(eager))
    human = _human(get_order=True)
    _agent(desk, _orders(installed, human)[order], call("find_user", email="a@b")).invoke(ask(), THREAD)
    assert desk.calls() == [("find_user", "a@b")]


def test_nor_is_it_run_at_the_start(desk: Any, toolkit: Any) -> None:
    installed = MetaToolMiddleware(
        toolkit(routine("greet", FIND, ORDERS, mode="entry")),
        entry=lambda *_: {"email": "a@b"},
        allow=["greet"],
    )
    _agent(desk, [installed, _human(get_order=True)], "hello").invoke(ask(), THREAD)
    assert desk.calls() == []
    assert "protected" in installed.refused["greet"]


def _ask_in_wrapper(request: Any, handler: Any) -> Any:
    if request.tool_call["name"] == "note" and interrupt("may I?") != "yes":
        return handler(request.override(tool_call={**request.tool_call, "args": {"user": 0, "text": "no"}}))
    return handler(request)


@pytest.mark.parametrize("order", ["ours first", "ours last"])
def test_a_wrapper_that_asks_sees_inner_calls_in_any_order(desk: Any, toolkit: Any, order: str) -> None:
    installed = MetaToolMiddleware(toolkit(HELP))
    asking = wrap_tool_call(_ask_in_wrapper)
    agent = _agent(desk, _orders(installed, asking)[order])
    assert agent.invoke(ask(), THREAD)["__interrupt__"][0].value == "may I?"
    assert _writes(desk) == []
    agent.invoke(Command(resume="yes"), THREAD)
    assert desk.calls("note") == [("note", "7:hello")]


def test_what_a_wrapper_would_not_see_is_not_run_at_the_start(desk: Any, toolkit: Any) -> None:
    known = {"entry": lambda *_: {"email": "a@b"}}
    built = toolkit(routine("greet", FIND, mode="entry"))
    installed = MetaToolMiddleware(built, **known)
    _agent(desk, [installed, wrap_tool_call(_ask_in_wrapper)], "hello").invoke(ask(), THREAD)
    assert desk.calls() == []
    assert "would not see" in installed.refused["greet"]
    allowed = MetaToolMiddleware(built, allow=["greet"], **known)
    _agent(desk, [allowed, wrap_tool_call(_ask_in_wrapper)], "hello").invoke(ask(), THREAD)
    assert desk.calls() == [("find_user", "a@b")]


PER_CALL_RULES = {
    "asks": (lambda request: request.tool_call["args"]["user"] == 7, 1),
    "does not ask": (lambda request: request.tool_call["args"]["user"] == 8, 0),
}


@pytest.mark.parametrize("rule", PER_CALL_RULES)
def test_rules_for_single_calls_are_asked_about_inner_calls(desk: Any, toolkit: Any, rule: str) -> None:
    when, questions = PER_CALL_RULES[rule]
    human = _human(note={"allowed_decisions": ["approve"], "when": when})
    if "when" not in inspect.getsource(HumanInTheLoopMiddleware):
        pytest.skip("this LangChain has no such rules")
    installed = MetaToolMiddleware(toolkit(HELP), allow=["help_user"])
    state = _agent(desk, [human, installed]).invoke(ask(), THREAD)
    assert len(state.get("__interrupt__", ())) == questions
    assert len(_writes(desk)) == (0 if questions else 2)


def test_a_name_by_hand_overrides_a_rule_that_would_not_ask(desk: Any, toolkit: Any) -> None:
    never = _human(note={"allowed_decisions": ["approve"], "when": lambda request: False})
    installed = MetaToolMiddleware(toolkit(HELP), protected=["note"], allow=["help_user"])
    assert _agent(desk, [never, installed]).invoke(ask(), THREAD)["__interrupt__"]


def test_settings_as_a_dictionary_protect_too(desk: Any, toolkit: Any) -> None:
    installed = MetaToolMiddleware(toolkit(HELP), protected={"note": True, "refund": False})
    assert "'note'" in installed.refused["help_user"]


def test_the_tool_itself_may_be_named(desk: Any, toolkit: Any) -> None:
    note = next(each for each in desk.tools if each.name == "note")
    assert "'note'" in MetaToolMiddleware(toolkit(HELP), protected=[note]).refused["help_user"]


def test_a_meta_tool_that_is_named_itself_is_not_installed(toolkit: Any) -> None:
    installed = MetaToolMiddleware(toolkit(HELP), protected=["help_user"], allow=["help_user"])
    assert installed.refused["help_user"] == "it is protected itself"


WRONG = {
    "text": ("note", "letter by letter"),
    "another case": (["NOTE"], "did you mean 'note'?"),
    "a number": ([7], "not 7"),
    "one tool alone": (_human(), "wants a list"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_protects_nothing_is_an_error(toolkit: Any, what: str) -> None:
    protected, said = WRONG[what]
    with pytest.raises(ApprovalError, match="protected") as caught:
        MetaToolMiddleware(toolkit(HELP), protected=protected)
    assert said in str(caught.value)


def test_compiling_and_allowing_take_no_text_for_a_list_either(toolkit: Any) -> None:
    with pytest.raises(ApprovalError, match="letter by letter"):
        compile_toolkit([], protected="note")
    with pytest.raises(ApprovalError, match="allow="):
        MetaToolMiddleware(toolkit(HELP), allow="help_user")


def test_a_name_that_no_tool_has_is_an_error_when_the_agent_is_built(desk: Any, toolkit: Any) -> None:
    installed = MetaToolMiddleware(toolkit(HELP), protected=["notte"])
    with pytest.raises(ApprovalError, match="did you mean 'note'"):
        _agent(desk, [installed])


@pytest.mark.parametrize("protected", [["note"], None])
def test_held_out_threads_do_not_run_meta_tools_that_the_agent_was_given(
    desk: Any, toolkit: Any, protected: Any
) -> None:
    built = toolkit(HELP)
    installed = MetaToolMiddleware(built, protected=protected, hold_out=1.0)
    model = model_of(call("help_user", email="a@b"), "done")
    agent = create_agent(model, [*desk.tools, *built.get_tools()], middleware=[installed])
    state = agent.invoke(ask())
    assert "help_user" not in model.calls[0].tools
    assert "meta-tools are switched off for this thread" in tool_messages(state)[0].content
    assert desk.calls() == []


def test_tools_of_another_toolkit_do_not_run_beside_the_middleware(desk: Any, toolkit: Any) -> None:
    other = toolkit(HELP).get_tools()
    installed = MetaToolMiddleware(toolkit(routine("other", FIND)), protected=["note"])
    state = _agent(desk, [installed], tools=[*desk.tools, *other]).invoke(ask(), THREAD)
    assert "not in the toolkit in use" in tool_messages(state)[0].content
    assert desk.calls() == []


ODD = [
    None,
    True,
    "approve",
    {},
    {"decisions": []},
    {"decisions": [APPROVE, APPROVE]},
    {"decisions": ["approve"]},
]
ODD += [{"decisions": [{"type": "maybe"}]}, {"decisions": [{"type": "edit"}]}]
ODD += [{"decisions": [{"type": "edit", "edited_action": {"name": "refund", "args": {"order_id": "A"}}}]}]


@pytest.mark.parametrize("answer", ODD[1:], ids=repr)
def test_an_answer_that_is_none_approves_nothing(desk: Any, toolkit: Any, answer: Any) -> None:
    installed = MetaToolMiddleware(toolkit(HELP), protected=["note"], allow=["help_user"])
    agent = _agent(desk, [installed])
    agent.invoke(ask(), THREAD)
    agent.invoke(Command(resume=answer), THREAD)
    assert _writes(desk) == []


class OwnGuard(AgentMiddleware):
    """A host's own, around tool calls."""

    def wrap_tool_call(self, request: Any, handler: Any) -> Any:
        """Lets it pass."""
        return handler(request)


class OwnLimit(OwnGuard):
    """Another."""


GUARD = OwnGuard()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([], [_human()]),
        ([_human()], []),
        ([_human()], [_human(refund=True)]),
        ([_human()], [HumanInTheLoopMiddleware({"note": {"allowed_decisions": ["approve"]}})]),
        ([], [GUARD]),
        ([OwnGuard()], [GUARD]),
    ],
    ids=["approvals", "none any more", "for others", "other answers", "a guard", "another guard"],
)
def test_in_a_second_agent_that_is_guarded_otherwise_it_is_refused(
    desk: Any, toolkit: Any, first: list[Any], second: list[Any]
) -> None:
    installed = MetaToolMiddleware(toolkit(HELP))
    _agent(desk, [*first, installed])
    with pytest.raises(ApprovalError, match="create one for each agent"):
        _agent(desk, [*second, installed])


def test_an_agent_that_is_built_twice_asks_as_it_did(desk: Any, toolkit: Any) -> None:
    installed = MetaToolMiddleware(toolkit(HELP), allow=["help_user"])
    agents = [_agent(desk, [GUARD, installed, _human(), OwnLimit()]) for _ in range(2)]
    for number, agent in enumerate(agents):
        (asked,) = agent.invoke(ask(), {"configurable": {"thread_id": str(number)}})["__interrupt__"]
        assert asked.value["action_requests"][0]["name"] == "note"
    assert _writes(desk) == []


def test_building_an_agent_anew_does_not_disturb_one_that_runs(desk: Any, toolkit: Any) -> None:
    installed = MetaToolMiddleware(toolkit(HELP))
    _agent(desk, [installed, _human()])
    before = installed._prefetcher
    _agent(desk, [installed, _human()])
    assert installed._prefetcher is before


class OwnApprovals(AgentMiddleware):
    """A host's own: it looks at the model's message."""

    def after_model(self, state: Any, runtime: Any) -> None:
        """Would ask here."""


def test_a_guard_that_cannot_see_inner_calls_is_named(desk: Any, toolkit: Any, caplog: Any) -> None:
    with caplog.at_level(logging.WARNING):
        _agent(desk, [MetaToolMiddleware(toolkit(HELP)), OwnApprovals(), _human()])
    assert [record.args for record in caplog.records] == [("OwnApprovals",)]


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_where_the_agent_was_not_seen_being_built_the_running_graph_tells(
    desk: Any, toolkit: Any, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(middleware_module, "find_neighbours", lambda own: None)
    installed = MetaToolMiddleware(toolkit(HELP))
    agent = _agent(desk, [installed, _human()])
    assert installed.refused == {}
    state = agent.invoke(ask(), THREAD) if how == "sync" else await agent.ainvoke(ask(), THREAD)
    assert "'note', which is protected" in tool_messages(state)[0].content
    assert desk.calls() == []


@pytest.mark.parametrize("protected", [None, []])
def test_where_that_is_not_seen_either_nothing_writes_unless_the_host_says_so(
    desk: Any, toolkit: Any, monkeypatch: pytest.MonkeyPatch, protected: Any
) -> None:
    monkeypatch.setattr(middleware_module, "find_neighbours", lambda own: None)
    monkeypatch.setattr(running_graph, "_CALL", "renamed")
    installed = MetaToolMiddleware(toolkit(HELP), protected=protected)
    state = _agent(desk, [installed]).invoke(ask(), THREAD)
    told = tool_messages(state)[0].content
    assert ("protected=[...]" in told) == (protected is None)
    assert len(_writes(desk)) == (0 if protected is None else 2)


ASK_TWICE = {"note": True, "refund": True}


@pytest.mark.parametrize("store", [None, InMemoryStore()], ids=["no store", "a store"])
def test_two_questions_need_a_store_where_threads_outlive_the_process(
    desk: Any, toolkit: Any, tmp_path: Any, store: Any
) -> None:
    installed = MetaToolMiddleware(toolkit(HELP), allow=["help_user"])
    with SqliteSaver.from_conn_string(str(tmp_path / "threads.db")) as saver:
        _agent(desk, [installed, _human(**ASK_TWICE)], checkpointer=saver, store=store)
    assert ("store=..." in installed.refused.get("help_user", "")) == (store is None)


def test_one_question_before_every_write_needs_no_store(desk: Any, toolkit: Any, tmp_path: Any) -> None:
    installed = MetaToolMiddleware(toolkit(HELP), allow=["help_user"])
    with SqliteSaver.from_conn_string(str(tmp_path / "threads.db")) as saver:
        _agent(desk, [installed, _human()], checkpointer=saver)
    assert installed.refused == {}
