"""The scripted chat model is a chat model like any other."""

import asyncio
from typing import Annotated

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from pydantic import ValidationError

from langchain_awo.errors import ScriptExhaustedError
from langchain_awo.testing import ScriptedChatModel, ask_tools

LONG = "a text that is longer than one chunk of arguments can ever be"


@tool
def add(a: Annotated[int, "first"], b: Annotated[int, "second"]) -> int:
    """Add two numbers."""
    return a + b


@tool
def shout(text: str) -> str:
    """Say it loudly."""
    return text.upper()


def two_steps():
    return ScriptedChatModel(
        script=[
            ask_tools(("add", {"a": 1, "b": 2}), ("shout", {"text": LONG}), text="Let me see."),
            "It is 3.",
        ]
    )


def tool_outputs(messages):
    return [message.content for message in messages if isinstance(message, ToolMessage)]


def test_it_drives_an_agent_through_its_script():
    result = create_agent(two_steps(), [add, shout]).invoke({"messages": "What is 1 + 2?"})
    assert tool_outputs(result["messages"]) == ["3", LONG.upper()]
    assert result["messages"][-1].content == "It is 3."


async def test_it_drives_an_agent_asynchronously():
    result = await create_agent(two_steps(), [add, shout]).ainvoke({"messages": "What is 1 + 2?"})
    assert tool_outputs(result["messages"]) == ["3", LONG.upper()]


def test_streamed_messages_carry_tool_calls_in_pieces_that_add_up():
    agent = create_agent(two_steps(), [add, shout])
    streamed = [part for part, _ in agent.stream({"messages": "go"}, stream_mode="messages")]
    first_id = streamed[0].id
    turn = [part for part in streamed if isinstance(part, AIMessageChunk) and part.id == first_id]
    whole = sum(turn[1:], turn[0])
    assert len(turn) > 6
    assert [(call["name"], call["args"]) for call in whole.tool_calls] == [
        ("add", {"a": 1, "b": 2}),
        ("shout", {"text": LONG}),
    ]
    assert whole.text == "Let me see."
    assert whole.usage_metadata["output_tokens"] > 0
    assert sorted(tool_outputs(streamed)) == ["3", LONG.upper()]  # parallel tools answer in any order


async def test_it_streams_asynchronously():
    agent = create_agent(two_steps(), [add, shout])
    streamed = [part async for part, _ in agent.astream({"messages": "go"}, stream_mode="messages")]
    assert "".join(part.text for part in streamed if isinstance(part, AIMessageChunk)) == (
        "Let me see.It is 3."
    )
    assert sorted(tool_outputs(streamed)) == ["3", LONG.upper()]  # parallel tools answer in any order


def test_it_works_in_a_graph_written_by_hand():
    model = two_steps().bind_tools([add, shout])
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
    graph.add_node("tools", ToolNode([add, shout]))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    result = graph.compile().invoke({"messages": [HumanMessage("go")]})
    assert tool_outputs(result["messages"]) == ["3", LONG.upper()]


def test_a_thread_keeps_every_turn_because_ids_differ():
    step = ask_tools(("add", {"a": 1, "b": 2}))
    model = ScriptedChatModel(script=[step, "3", step, "3"])
    agent = create_agent(model, [add], checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}}
    agent.invoke({"messages": "first"}, config)
    messages = agent.invoke({"messages": "second"}, config)["messages"]
    assert len(messages) == 8
    assert len({message.id for message in messages}) == 8
    calls = [
        call["id"] for message in messages if isinstance(message, AIMessage) for call in message.tool_calls
    ]
    assert len(set(calls)) == 2


def test_the_script_itself_is_never_changed():
    step = ask_tools(("add", {"a": 1, "b": 2}))
    ScriptedChatModel(script=[step]).invoke("go")
    assert step.tool_calls[0]["id"] is None
    assert step.usage_metadata is None


def test_a_policy_sees_the_messages_and_the_schemas_of_the_bound_tools():
    def policy(messages, tools):
        return f"{messages[-1].text} / {tools[0]['function']['parameters']['properties']['a']['description']}"

    model = ScriptedChatModel(policy=policy)
    assert model.bind_tools([add]).invoke("hello").content == "hello / first"


def test_it_logs_which_tools_were_bound_to_each_call():
    model = ScriptedChatModel(script=["one", "two"])
    model.invoke("first")
    model.bind_tools([add, shout]).invoke("second")
    assert [call.tools for call in model.calls] == [(), ("add", "shout")]
    assert model.calls[1].messages[-1].content == "second"


def test_a_script_that_has_run_out_says_so():
    model = ScriptedChatModel(script=["only"])
    model.invoke("first")
    with pytest.raises(ScriptExhaustedError, match="all of its 1 steps"):
        model.invoke("second")


@pytest.mark.parametrize("arguments", [{}, {"script": ["a"], "policy": lambda messages, tools: "b"}])
def test_it_wants_either_a_script_or_a_policy(arguments):
    with pytest.raises(ValidationError, match="exactly one"):
        ScriptedChatModel(**arguments)


def usage(model, prompt="What is 1 + 2?"):
    return model.invoke(prompt).usage_metadata


def test_usage_grows_with_the_prompt_and_with_the_bound_tools():
    model = ScriptedChatModel(policy=lambda messages, tools: "three words here")
    plain, longer = usage(model), usage(model, "What is 1 + 2? " * 40)
    bound, twice = usage(model.bind_tools([add])), usage(model.bind_tools([add, shout]))
    assert plain["input_tokens"] < longer["input_tokens"]
    assert plain["input_tokens"] < bound["input_tokens"] < twice["input_tokens"]
    assert plain["output_tokens"] == 4
    assert usage(model) == plain


def test_usage_that_the_script_states_is_kept():
    stated = {"input_tokens": 9, "output_tokens": 1, "total_tokens": 10}
    model = ScriptedChatModel(script=[AIMessage("done", usage_metadata=stated)])
    assert usage(model) == stated


def test_callbacks_see_the_model_name_and_the_bound_tools():
    seen = {}

    class Watch(BaseCallbackHandler):
        def on_chat_model_start(self, serialized, messages, *, metadata, invocation_params, **kwargs):
            seen["model"] = metadata["ls_model_name"]
            seen["tools"] = [item["function"]["name"] for item in invocation_params["tools"]]

    model = ScriptedChatModel(script=["hi"], model_name="demo").bind_tools([add], tool_choice="auto")
    model.invoke("go", {"callbacks": [Watch()]})
    assert seen == {"model": "demo", "tools": ["add"]}


async def test_latency_can_be_simulated():
    slow = ScriptedChatModel(script=["hi"], seconds_per_call=60)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(slow.ainvoke("go"), timeout=0.01)
