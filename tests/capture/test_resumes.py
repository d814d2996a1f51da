"""Interrupts and turns: a conversation is one trace after joining, whatever number of runs it took."""

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt

from langchain_awo.model.trace.thread import join_threads
from langchain_awo.testing import ScriptedChatModel
from tests.capture.scripted_agents import asks, by_hand, call, look, says, user


@tool
def charge(amount: int) -> str:
    """Asks, then charges."""
    answer = interrupt({"charge": amount})
    return f"charged {amount}: {answer}"


def in_thread(recorder, name="t"):
    return {"callbacks": [recorder], "configurable": {"thread_id": name}}


def test_a_resumed_call_is_one_call_with_an_interrupted_attempt(recorder, recorded):
    model = ScriptedChatModel(script=[asks(call("charge", "c1", amount=5)), says()])
    agent = create_agent(model, [charge], checkpointer=InMemorySaver())
    agent.invoke(user("pay"), config=in_thread(recorder))
    agent.invoke(Command(resume="yes"), config=in_thread(recorder))
    first, second = recorded()
    assert (first.tool_calls[0].status, first.tool_calls[0].model_call) == ("interrupted", 0)
    assert (second.tool_calls[0].status, second.tool_calls[0].model_call) == ("ok", None)
    assert "error" not in first.metadata

    (joined,) = join_threads([second, first])
    (record,) = joined.tool_calls
    assert (record.status, record.output, record.model_call) == ("ok", "charged 5: yes", 0)
    assert [attempt.status for attempt in record.attempts] == ["interrupted", "ok"]
    assert [m.text for m in joined.messages] == ["pay"]
    assert len(joined.model_calls) == 2


def test_finished_siblings_of_an_interrupted_call_keep_their_result(recorder, recorded):
    """create_agent does not run them again."""
    asked = asks(call("look", "c1", where="a"), call("charge", "c2", amount=5), call("look", "c3", where="b"))
    agent = create_agent(
        ScriptedChatModel(script=[asked, says()]), [look, charge], checkpointer=InMemorySaver()
    )
    agent.invoke(user("pay"), config=in_thread(recorder))
    agent.invoke(Command(resume="yes"), config=in_thread(recorder))
    (joined,) = join_threads(recorded())
    assert [(c.call_id, c.status, len(c.attempts)) for c in joined.tool_calls] == [
        ("c1", "ok", 0),
        ("c2", "ok", 2),
        ("c3", "ok", 0),
    ]


def test_siblings_that_a_node_runs_again_are_attempts_too(recorder, recorded):
    """A ToolNode of a hand-written graph runs all its calls again on resume."""
    asked = asks(call("look", "c1", where="a"), call("charge", "c2", amount=5))
    agent = by_hand(ScriptedChatModel(script=[asked, says()]), [look, charge], checkpointer=InMemorySaver())
    agent.invoke(user("pay"), config=in_thread(recorder))
    agent.invoke(Command(resume="yes"), config=in_thread(recorder))
    (joined,) = join_threads(recorded())
    assert [(c.call_id, c.status, c.model_call) for c in joined.tool_calls] == [
        ("c1", "ok", 0),
        ("c2", "ok", 0),
    ]
    assert [len(c.attempts) for c in joined.tool_calls] == [2, 2]


@pytest.mark.parametrize(
    ("decision", "outcome"),
    [
        ({"type": "approve"}, ("ok", {"where": "a"}, "saw a")),
        (
            {"type": "edit", "edited_action": {"name": "look", "args": {"where": "b"}}},
            ("ok", {"where": "b"}, "saw b"),
        ),
        ({"type": "reject", "message": "never"}, ("error", {"where": "a"}, "never")),
    ],
)
def test_a_call_that_waits_for_consent_belongs_to_the_model_call_before(
    decision, outcome, recorder, recorded
):
    agent = create_agent(
        ScriptedChatModel(script=[asks(call("look", "c1", where="a")), says()]),
        [look],
        middleware=[HumanInTheLoopMiddleware(interrupt_on={"look": True})],
        checkpointer=InMemorySaver(),
    )
    agent.invoke(user("go"), config=in_thread(recorder))
    assert recorded()[0].tool_calls[0].status == "interrupted"
    agent.invoke(Command(resume={"decisions": [decision]}), config=in_thread(recorder))
    (joined,) = join_threads(recorded())
    (record,) = joined.tool_calls
    assert (record.status, record.args) == outcome[:2]
    assert record.output.endswith(outcome[2])
    assert (record.model_call, record.attempts) == (0, ())


def test_turns_of_a_thread_join_with_each_user_message_once(recorder, recorded):
    script = [asks(call("look", "c1", where="a")), says(), asks(call("look", "c2", where="b")), says()]
    agent = create_agent(
        ScriptedChatModel(script=script), [look], checkpointer=InMemorySaver(), system_prompt="Be kind."
    )
    agent.invoke(user("yes"), config=in_thread(recorder))
    agent.invoke(user("yes"), config=in_thread(recorder))
    (joined,) = join_threads(recorded())
    assert [(m.role, m.text, m.before) for m in joined.messages] == [
        ("system", "Be kind.", 0),
        ("user", "yes", 0),
        ("user", "yes", 2),
    ]
    assert [(c.call_id, c.model_call) for c in joined.tool_calls] == [("c1", 0), ("c2", 2)]
