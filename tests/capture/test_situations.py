"""Retries, cancelled calls, agents inside agents and hand-overs: one logical call stays one."""

import asyncio
from importlib.metadata import version
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ToolRetryMiddleware
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolRuntime
from langgraph.types import Command, RetryPolicy

from langchain_awo.model.trace.trace import ReplayMark
from langchain_awo.testing import ScriptedChatModel
from tests.capture.scripted_agents import asks, by_hand, by_id, call, look, says, user

CORE = tuple(int(part) for part in version("langchain-core").split(".")[:3])


class Flaky:
    """A tool that fails a given number of times."""

    def __init__(self, failures: int) -> None:
        self.left = failures

    def as_tool(self):
        @tool
        def fetch(key: str) -> str:
            """Fetches, mostly."""
            self.left -= 1
            if self.left >= 0:
                raise ConnectionError("try again")
            return f"value of {key}"

        return fetch


def check_retried(trace):
    (record,) = trace.tool_calls
    assert (record.call_id, record.status, record.output) == ("c1", "ok", "value of k")
    assert [(a.status, a.error) for a in record.attempts] == [
        ("error", "ConnectionError: try again"),
        ("error", "ConnectionError: try again"),
        ("ok", None),
    ]
    assert record.error is None


def fetching():
    return ScriptedChatModel(script=[asks(call("fetch", "c1", key="k")), says()])


def test_retries_by_middleware_are_attempts_of_one_call(recorder, recorded):
    retry = ToolRetryMiddleware(max_retries=2, initial_delay=0, jitter=False)
    agent = create_agent(fetching(), [Flaky(2).as_tool()], middleware=[retry])
    agent.invoke(user("go"), config={"callbacks": [recorder]})
    check_retried(recorded()[0])


def test_retries_of_a_node_are_attempts_of_one_call(recorder, recorded):
    retry = RetryPolicy(initial_interval=0, max_attempts=3, jitter=False)
    agent = by_hand(fetching(), [Flaky(2).as_tool()], retry=retry)
    agent.invoke(user("go"), config={"callbacks": [recorder]})
    check_retried(recorded()[0])


def test_retries_by_with_retry_are_attempts_of_one_call(recorder, recorded):
    fetch = Flaky(2).as_tool().with_retry(stop_after_attempt=3, wait_exponential_jitter=False)
    model = fetching()

    def act(state: MessagesState, config: RunnableConfig) -> dict[str, Any]:
        return {"messages": [fetch.invoke(state["messages"][-1].tool_calls[0], config)]}

    def think(state: MessagesState) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    for name, node in (("a", think), ("tools", act), ("b", think)):
        graph.add_node(name, node)
    for edge in ((START, "a"), ("a", "tools"), ("tools", "b"), ("b", END)):
        graph.add_edge(*edge)
    graph.compile().invoke(user("go"), config={"callbacks": [recorder]})
    check_retried(recorded()[0])


def test_a_call_that_never_succeeds_keeps_its_last_error(recorder, recorded):
    retry = ToolRetryMiddleware(max_retries=1, initial_delay=0, jitter=False, on_failure="continue")
    agent = create_agent(fetching(), [Flaky(9).as_tool()], middleware=[retry])
    agent.invoke(user("go"), config={"callbacks": [recorder]})
    (record,) = recorded()[0].tool_calls
    assert (record.status, record.error) == ("error", "ConnectionError: try again")
    assert len(record.attempts) == 2
    assert "failed after 2 attempts" in record.output


async def test_a_cancelled_call_has_no_result(recorder, recorded):
    started = asyncio.Event()

    @tool
    async def wait() -> str:
        """Waits forever."""
        started.set()
        await asyncio.Event().wait()
        return "never"

    agent = create_agent(ScriptedChatModel(script=[asks(call("wait", "c1"))]), [wait])
    task = asyncio.create_task(agent.ainvoke(user("go"), config={"callbacks": [recorder]}))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (record,) = recorded()[0].tool_calls
    assert record.status == ("cancelled" if CORE >= (1, 7, 5) else "abandoned")
    assert record.output is None


def test_a_stream_that_nobody_reads_to_its_end_is_a_trace_without_error(recorder, recorded):
    agent = create_agent(ScriptedChatModel(script=[asks(call("look", "c1", where="a")), says()]), [look])
    stream = agent.stream(user("go"), config={"callbacks": [recorder]})
    next(stream)
    stream.close()
    (trace,) = recorded()
    assert "error" not in trace.metadata
    assert [(c.name, c.status) for c in trace.tool_calls] in ([("look", "abandoned")], [("look", "ok")])


def agent_in_a_tool(name=None):
    inner = create_agent(
        ScriptedChatModel(script=[asks(call("look", "i1", where="inside")), says("inner done")]),
        [look],
        name=name,
        system_prompt="You are the inner one.",
    )

    @tool
    def delegate(task: str) -> str:
        """Hands a task to another agent."""
        return inner.invoke(user(task))["messages"][-1].text

    model = ScriptedChatModel(
        script=[asks(call("delegate", "c1", task="peek")), asks(call("look", "c2", where="x")), says()]
    )
    return create_agent(model, [delegate, look], name="boss" if name else None)


@pytest.mark.parametrize("name", [None, "scout"])
def test_an_agent_inside_a_tool_has_a_scope_of_its_own(name, recorder, recorded):
    agent_in_a_tool(name).invoke(user("go"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    calls = by_id(trace)
    assert calls["c1"].scope == calls["c2"].scope == trace.model_calls[0].scope
    assert calls["i1"].scope == trace.model_calls[1].scope != calls["c1"].scope
    assert (calls["i1"].parent_id, calls["i1"].model_call) == ("c1", 1)
    assert (calls["c1"].parent_id, calls["c1"].model_call) == (None, 0)
    assert [m.text for m in trace.messages] == ["go", "You are the inner one."]


def test_a_model_called_inside_a_tool_is_not_the_agent(recorder, recorded):
    helper = ScriptedChatModel(script=[asks(call("look", "h1", where="x"))])

    @tool
    def think_hard(question: str) -> str:
        """Asks another model."""
        helper.invoke(question)
        look.invoke({"where": "y"})
        return "42"

    model = ScriptedChatModel(script=[asks(call("think_hard", "c1", question="?")), says()])
    create_agent(model, [think_hard]).invoke(user("go"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    scopes = [m.scope for m in trace.model_calls]
    assert scopes[0] == scopes[2] != scopes[1]
    assert [m.text for m in trace.messages] == ["go"]
    assert [(c.name, c.model_call) for c in trace.tool_calls] == [
        ("think_hard", 0),
        ("look", 1),
        ("look", None),
    ]
    assert trace.tool_calls[2].parent_id == "c1"


def test_an_agent_that_is_a_node_of_a_graph_has_a_scope_of_its_own(recorder, recorded):
    def worker(order_id):
        return create_agent(
            ScriptedChatModel(script=[asks(call("look", order_id, where="x")), says()]), [look]
        )

    graph = StateGraph(MessagesState)
    graph.add_node("one", worker("c1"))
    graph.add_node("two", worker("c2"))
    for edge in ((START, "one"), ("one", "two"), ("two", END)):
        graph.add_edge(*edge)
    graph.compile().invoke(user("go"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    one, two = trace.tool_calls
    assert one.scope.startswith("one:")
    assert two.scope.startswith("two:")
    assert [m.text for m in trace.messages] == ["go"]


def test_a_hand_over_is_recorded_as_the_command_it_is(recorder, recorded):
    @tool
    def transfer(runtime: ToolRuntime) -> Command:
        """Hands over to the other agent."""
        from langchain_core.messages import ToolMessage

        message = ToolMessage("handed over", tool_call_id=runtime.tool_call_id)
        return Command(goto="two", graph=Command.PARENT, update={"messages": [message]})

    def ending(state: MessagesState) -> dict[str, Any]:
        return {"messages": []}

    graph = StateGraph(MessagesState)
    graph.add_node("one", create_agent(ScriptedChatModel(script=[asks(call("transfer", "c1"))]), [transfer]))
    graph.add_node("two", ending)
    graph.add_edge(START, "one")
    graph.compile().invoke(user("go"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    (record,) = trace.tool_calls
    assert (record.status, record.error, record.output["goto"]) == ("ok", None, "two")
    assert record.output["update"]["messages"][0]["content"] == "handed over"
    assert "error" not in trace.metadata


def test_calls_inside_a_tool_know_it_however_the_configuration_was_passed(recorder, recorded):
    @tool
    def outer(config: RunnableConfig) -> str:
        """Calls another tool twice."""
        marked = {"metadata": {"awo_meta_tool": "routine", "awo_step": 2}}
        look.invoke(call("look", "c1__2", where="marked"), marked)
        return look.invoke({"where": "sibling"}, config)

    model = ScriptedChatModel(script=[asks(call("outer", "c1")), says()])
    create_agent(model, [outer]).invoke(user("go"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    first, marked, sibling = trace.tool_calls
    assert (first.call_id, marked.parent_id, sibling.parent_id) == ("c1", "c1", "c1")
    assert (marked.model_call, sibling.model_call) == (None, None)
    assert marked.replay == ReplayMark(meta_tool="routine", step=2)
    assert (first.replay, sibling.replay) == (None, None)


def test_a_tool_that_passes_its_own_id_on_is_still_two_calls(recorder, recorded):
    @tool
    def outer(where: str, runtime: ToolRuntime) -> str:
        """Wraps another tool."""
        return look.invoke(call("look", runtime.tool_call_id, where=where)).content

    model = ScriptedChatModel(script=[asks(call("outer", "c1", where="x")), says()])
    create_agent(model, [outer]).invoke(user("go"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    assert [(c.name, c.parent_id, c.model_call, c.attempts) for c in trace.tool_calls] == [
        ("outer", None, 0, ()),
        ("look", "c1", None, ()),
    ]


def test_ids_that_a_provider_uses_again_are_different_calls(recorder, recorded):
    script = [asks(call("look", "call_0", where="a")), asks(call("look", "call_0", where="b")), says()]
    create_agent(ScriptedChatModel(script=script), [look]).invoke(
        user("go"), config={"callbacks": [recorder]}
    )
    (trace,) = recorded()
    assert [(c.call_id, c.args["where"], c.model_call) for c in trace.tool_calls] == [
        ("call_0", "a", 0),
        ("call_0~2", "b", 1),
    ]


def test_agents_that_use_each_others_ids_are_told_apart(recorder, recorded):
    """Some providers number the calls of every answer anew."""
    inner = create_agent(
        ScriptedChatModel(
            script=[asks(call("look", "0", where="i0"), call("look", "1", where="i1")), says("seen")]
        ),
        [look],
    )

    @tool
    def delegate(task: str) -> str:
        """Hands a task to another agent."""
        return inner.invoke(user(task))["messages"][-1].text

    asked = asks(call("delegate", "0", task="peek"), call("look", "1", where="o1"))
    agent = create_agent(ScriptedChatModel(script=[asked, says()]), [delegate, look])
    agent.invoke(user("go"), config={"callbacks": [recorder], "max_concurrency": 1})
    (trace,) = recorded()
    calls = {c.args.get("where", "task"): c for c in trace.tool_calls}
    assert [(calls[key].model_call, calls[key].status) for key in ("task", "o1", "i0", "i1")] == [
        (0, "ok"),
        (0, "ok"),
        (1, "ok"),
        (1, "ok"),
    ]
    assert calls["o1"].parent_id is None
    assert calls["i0"].parent_id == calls["i1"].parent_id == calls["task"].call_id
    assert len({c.call_id for c in trace.tool_calls}) == 4
