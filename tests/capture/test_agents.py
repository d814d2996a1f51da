"""What the recorder sees of agents of every kind: who issued which call, with which arguments, results and tokens."""

import asyncio
import warnings
from typing import Annotated, Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import InjectedToolArg, StructuredTool, ToolException, tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import InjectedState, ToolRuntime

from langchain_awo.testing import ScriptedChatModel
from tests.capture.scripted_agents import asks, by_hand, by_id, call, playing, says, user


@tool
def get_user(user_id: int) -> dict[str, Any]:
    """Looks up a user."""
    return {"id": user_id, "orders": ["#1", "#2"]}


@tool
def get_order(order_id: str) -> str:
    """Looks up an order."""
    return f"order {order_id} is shipped"


TOOLS = [get_user, get_order]


def two_orders() -> ScriptedChatModel:
    first = asks(call("get_user", "c1", user_id=7))
    second = asks(call("get_order", "c2", order_id="#1"), call("get_order", "c3", order_id="#2"))
    return ScriptedChatModel(script=[first, second, says()])


def prebuilt(model, tools):
    from langgraph.prebuilt import create_react_agent

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated, but agents in the field are made with it
        return create_react_agent(model, tools)


AGENTS = pytest.mark.parametrize("make", [create_agent, by_hand, prebuilt])


def check_two_orders(trace):
    calls = [(c.call_id, c.name, c.args, c.model_call, c.status) for c in trace.tool_calls]
    assert calls == [
        ("c1", "get_user", {"user_id": 7}, 0, "ok"),
        ("c2", "get_order", {"order_id": "#1"}, 1, "ok"),
        ("c3", "get_order", {"order_id": "#2"}, 1, "ok"),
    ]
    assert [c.output for c in trace.tool_calls] == [
        '{"id": 7, "orders": ["#1", "#2"]}',
        "order #1 is shipped",
        "order #2 is shipped",
    ]
    assert [m.text for m in trace.model_calls][-1].strip() == "done"
    assert len(trace.model_calls) == 3
    assert [(m.role, m.text, m.before) for m in trace.messages] == [("user", "hello", 0)]
    assert {spec.name for spec in trace.tools} == {"get_user", "get_order"}


@AGENTS
def test_each_call_belongs_to_the_model_call_that_issued_it(make, recorder, recorded):
    make(two_orders(), TOOLS).invoke(user("hello"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    check_two_orders(trace)


@AGENTS
async def test_an_async_run_gives_the_same_trace(make, recorder, recorded):
    await make(two_orders(), TOOLS).ainvoke(user("hello"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    check_two_orders(trace)


@pytest.mark.parametrize("mode", ["values", "updates", "messages"])
@AGENTS
def test_a_streamed_run_gives_the_same_trace(make, mode, recorder, recorded):
    agent = make(two_orders(), TOOLS)
    for _ in agent.stream(user("hello"), config={"callbacks": [recorder]}, stream_mode=mode):
        pass
    (trace,) = recorded()
    check_two_orders(trace)


async def test_an_async_stream_gives_the_same_trace(recorder, recorded):
    agent = create_agent(two_orders(), TOOLS)
    async for _ in agent.astream(user("hello"), config={"callbacks": [recorder]}, stream_mode="messages"):
        pass
    (trace,) = recorded()
    check_two_orders(trace)


async def test_runs_at_the_same_time_do_not_mix(recorder, recorded):
    agents = [create_agent(two_orders(), TOOLS) for _ in range(8)]
    config = {"callbacks": [recorder]}
    await asyncio.gather(*(agent.ainvoke(user("hello"), config=config) for agent in agents))
    traces = recorded()
    assert len(traces) == 8
    for trace in traces:
        check_two_orders(trace)


def test_a_batch_gives_one_trace_for_each_input(recorder, recorded):
    def play(messages, _):
        return asks(call("get_order", "c", order_id="#1")) if len(messages) == 1 else says()

    agent = create_agent(ScriptedChatModel(policy=play), TOOLS)
    agent.batch([user("a"), user("b")], config={"callbacks": [recorder]})
    traces = recorded()
    assert sorted(trace.messages[0].text for trace in traces) == ["a", "b"]
    assert [len(trace.tool_calls) for trace in traces] == [1, 1]


def test_tokens_models_and_offered_tools_are_those_of_each_model_call(recorder, recorded):
    create_agent(two_orders(), TOOLS).invoke(user("hello"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    last = trace.model_calls[-1]
    assert (last.usage.input_tokens, last.usage.output_tokens, last.usage.cached_tokens) == (200, 20, 50)
    assert trace.model == last.model == "scripted"
    assert last.offered == ("get_user", "get_order")
    (spec,) = [spec for spec in trace.tools if spec.name == "get_user"]
    assert spec.description == "Looks up a user."
    assert spec.parameters["properties"]["user_id"]["type"] == "integer"


def test_task_thread_trial_domain_and_tags_come_from_the_configuration(recorder, recorded):
    config = {
        "callbacks": [recorder],
        "tags": ["nightly"],
        "metadata": {"task_id": 12, "trial": 3, "domain": "retail", "customer": "acme"},
        "configurable": {"thread_id": "t-1"},
    }
    create_agent(two_orders(), TOOLS).invoke(user("hello"), config=config)
    (trace,) = recorded()
    assert (trace.task_id, trace.trial, trace.domain, trace.thread_id) == ("12", 3, "retail", "t-1")
    assert trace.tags == ("nightly",)
    assert trace.metadata == {"customer": "acme", "awo_conversation": "fresh"}


def test_the_system_prompt_is_kept_once_and_is_not_a_user_message(recorder, recorded):
    agent = create_agent(two_orders(), TOOLS, system_prompt="Be kind.")
    agent.invoke(user("hello"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    assert [(m.role, m.text, m.before) for m in trace.messages] == [
        ("system", "Be kind.", 0),
        ("user", "hello", 0),
    ]


def test_a_user_message_that_arrives_later_is_a_boundary_there(recorder, recorded):
    """Graphs may ask a user (or somebody who plays one) in the middle of a run; the same words again count again."""
    model = ScriptedChatModel(script=[says("and?"), says("sure?"), says()])

    def think(state: MessagesState) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"])]}

    def ask(state: MessagesState) -> dict[str, Any]:
        return {"messages": [HumanMessage("yes")]}

    graph = StateGraph(MessagesState)
    for name, node in (("a", think), ("ask1", ask), ("b", think), ("ask2", ask), ("c", think)):
        graph.add_node(name, node)
    for edge in ((START, "a"), ("a", "ask1"), ("ask1", "b"), ("b", "ask2"), ("ask2", "c"), ("c", END)):
        graph.add_edge(*edge)
    graph.compile().invoke(user("yes"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    assert [(m.text, m.before) for m in trace.messages] == [("yes", 0), ("yes", 1), ("yes", 2)]


def test_messages_without_ids_are_counted_by_their_words(recorder, recorded):
    def chat(_: object) -> None:
        model = ScriptedChatModel(script=[says(), says()])
        history = [SystemMessage("s"), HumanMessage("yes")]
        history.append(model.invoke(history))
        history.append(HumanMessage("yes"))
        model.invoke(history)

    from langchain_core.runnables import RunnableLambda

    RunnableLambda(chat).invoke(None, config={"callbacks": [recorder]})
    (trace,) = recorded()
    assert [(m.role, m.text, m.before) for m in trace.messages] == [
        ("system", "s", 0),
        ("user", "yes", 0),
        ("user", "yes", 1),
    ]


def test_what_the_graph_injects_is_not_an_argument(recorder, recorded):
    @tool
    def spy(
        what: str,
        state: Annotated[dict[str, Any], InjectedState],
        runtime: ToolRuntime,
        hidden: Annotated[str, InjectedToolArg] = "x",
    ) -> str:
        """Looks around."""
        return f"{what} {len(state['messages'])} {runtime.tool_call_id}"

    model = ScriptedChatModel(script=[asks(call("spy", "c1", what="here")), says()])
    create_agent(model, [spy]).invoke(user("hello"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    assert trace.tool_calls[0].args == {"what": "here"}
    assert trace.tool_calls[0].output == "here 2 c1"


def test_a_raw_result_is_copied_when_the_tool_returns(recorder, recorded):
    results: list[dict[str, Any]] = []

    @tool
    def collect(name: str) -> Any:
        """Returns an object that lives on."""
        results.append({"name": name, "items": []})
        return results[-1]

    collect.invoke({"name": "n"}, config={"callbacks": [recorder]})
    results[0]["items"].append("added later")
    (trace,) = recorded()
    assert trace.tool_calls[0].output == {"name": "n", "items": []}
    assert trace.tool_calls[0].model_call is None


def test_structured_content_of_an_adapter_is_the_output(recorder, recorded):
    """MCP adapters return text blocks with random ids and, if the server sends it, structured content."""

    def fetch(kind: str) -> tuple[list[dict[str, str]], Any]:
        block = {"type": "text", "text": "seven", "id": "lc_1"}
        return [block], {"structured_content": {"result": [7]}} if kind == "both" else None

    fetch_tool = StructuredTool.from_function(
        fetch,
        description="Fetches.",
        response_format="content_and_artifact",
        metadata={"readOnlyHint": True, "destructiveHint": None, "title": "Fetch"},
    )
    model = ScriptedChatModel(
        script=[asks(call("fetch", "1", kind="both"), call("fetch", "2", kind="text")), says()]
    )
    create_agent(model, [fetch_tool]).invoke(user("hello"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    assert [c.output for c in trace.tool_calls] == [[7], "seven"]
    assert trace.tools[0].hints == {"readOnlyHint": True}
    assert trace.metadata == {}


def test_the_other_spelling_of_hints_is_read_too(recorder, recorded):
    annotations = {"read_only_hint": False, "destructive_hint": True, "idempotent_hint": None}
    wipe = StructuredTool.from_function(
        lambda: "gone",
        name="wipe",
        description="Wipes.",
        metadata={"mcp": {"tool": {"annotations": annotations}, "server": {"name": "s"}}},
    )
    model = ScriptedChatModel(script=[asks(call("wipe", "1")), says()])
    create_agent(model, [wipe]).invoke(user("hello"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    assert trace.tools[0].hints == {"readOnlyHint": False, "destructiveHint": True}


def test_invalid_arguments_are_recorded_as_the_model_wrote_them(recorder, recorded):
    model = ScriptedChatModel(script=[asks(call("get_user", "c1", user_id="seven")), says()])
    create_agent(model, TOOLS).invoke(user("hello"), config={"callbacks": [recorder]})
    (record,) = recorded()[0].tool_calls
    assert (record.args, record.status) == ({"user_id": "seven"}, "error")
    assert record.error.startswith("ValidationError")
    assert "Please fix" in record.output


def test_an_error_that_the_tool_handles_is_an_error(recorder, recorded):
    def refuse() -> str:
        raise ToolException("no such user")

    refusing = StructuredTool.from_function(refuse, description="Refuses.", handle_tool_error=True)
    model = ScriptedChatModel(script=[asks(call("refuse", "c1")), says()])
    create_agent(model, [refusing]).invoke(user("hello"), config={"callbacks": [recorder]})
    (record,) = recorded()[0].tool_calls
    assert (record.status, record.error, record.output) == ("error", "no such user", "no such user")


def test_a_tool_that_raises_ends_the_run_and_the_trace_is_kept(recorder, recorded):
    @tool
    def crash() -> str:
        """Crashes."""
        raise ValueError("kaboom")

    agent = create_agent(ScriptedChatModel(script=[asks(call("crash", "c1"))]), [crash])
    with pytest.raises(ValueError, match="kaboom"):
        agent.invoke(user("hello"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    assert trace.tool_calls[0].status == "error"
    assert trace.tool_calls[0].error == trace.metadata["error"] == "ValueError: kaboom"


def test_a_call_of_an_unknown_tool_is_recorded_with_what_the_agent_was_told(recorder, recorded):
    model = ScriptedChatModel(
        script=[asks(call("get_order", "c1", order_id="1"), call("fly", "c2", to="moon")), says()]
    )
    create_agent(model, TOOLS).invoke(user("hello"), config={"callbacks": [recorder]})
    calls = by_id(recorded()[0])
    assert (calls["c2"].name, calls["c2"].args, calls["c2"].model_call) == ("fly", {"to": "moon"}, 0)
    assert calls["c2"].status == "error"
    assert "not a valid tool" in calls["c2"].output
    assert calls["c2"].started_at is None


def test_a_model_call_that_fails_is_recorded(recorder, recorded):
    agent = create_agent(playing(RuntimeError("overloaded")), TOOLS)
    with pytest.raises(RuntimeError, match="overloaded"):
        agent.invoke(user("hello"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    assert trace.model_calls[0].error == "RuntimeError: overloaded"


def test_a_tool_that_answers_with_a_message_of_its_own_is_read_like_any_other(recorder, recorded):
    @tool
    def own(runtime: ToolRuntime) -> Any:
        """Makes its own message."""
        return ToolMessage("mine", tool_call_id=runtime.tool_call_id)

    model = ScriptedChatModel(script=[asks(call("own", "c1")), says()])
    create_agent(model, [own]).invoke(user("hello"), config={"callbacks": [recorder]})
    assert recorded()[0].tool_calls[0].output == "mine"
