"""What LangChain's objects say, in the versions and from the providers that say it differently."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.documents import Document
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import tool
from langgraph.errors import GraphInterrupt, ParentCommand
from langgraph.prebuilt import ToolRuntime
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command

from langchain_awo.capture import snapshot
from langchain_awo.capture.frozen import thaw
from langchain_awo.capture.offered import OfferedTools
from langchain_awo.capture.usage import read_token_usage
from langchain_awo.model.trace.trace import TokenUsage
from tests.capture.scripted_agents import call, look


def answer(message: AIMessage, **llm_output: Any) -> LLMResult:
    return LLMResult(generations=[[ChatGeneration(message=message)]], llm_output=llm_output or None)


def test_machinery_that_older_cores_report_is_no_argument():
    runtime = ToolRuntime(
        state={}, context=None, config={}, stream_writer=print, tool_call_id="c1", store=InMemoryStore()
    )
    inputs = {"x": 1, "runtime": runtime, "anything": InMemoryStore()}
    assert thaw(snapshot.freeze_call_arguments(inputs, "ignored")) == {"x": 1}


def test_a_tool_that_is_called_with_text_has_it_as_its_argument(recorder, recorded):
    look.invoke("the door", config={"callbacks": [recorder]})
    assert recorded()[0].tool_calls[0].args == {"input": "the door"}


@pytest.mark.parametrize(
    ("output", "usage"),
    [
        (
            {"token_usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}},
            TokenUsage(input_tokens=9, output_tokens=2),
        ),
        (
            {"token_usage": {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}}},
            TokenUsage(input_tokens=9, cached_tokens=4),
        ),
        (
            {"usage": {"input_tokens": 9, "output_tokens": 2, "cache_read_input_tokens": 3}},
            TokenUsage(input_tokens=12, output_tokens=2, cached_tokens=3),  # counted beside the input
        ),
        ({"model_name": "m"}, None),
        ({}, None),
    ],
)
def test_usage_beside_the_message_counts_when_the_message_has_none(output, usage):
    response = answer(AIMessage("x"), **output)
    assert read_token_usage(snapshot.get_message(response), response) == usage


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("x"), "error"),
        (GraphInterrupt(), "interrupted"),
        (asyncio.CancelledError(), "cancelled"),
        (ParentCommand(Command(goto="other")), "ok"),
    ],
)
def test_what_a_tool_raised_says_how_it_ended(error, status):
    assert snapshot.read_failure(error)[0] == status


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("plain", "plain"),
        ([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": "x"}, "b"], "a\nb"),
        ([], ""),
    ],
)
def test_the_text_of_a_message_is_that_of_its_text_blocks(content, text):
    assert snapshot.read_text(content) == text


@pytest.mark.parametrize(
    "bound",
    [
        {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}},
        {"name": "f", "description": "d", "input_schema": {"type": "object"}},
        {"name": "f", "description": "d", "parameters": {"type": "object"}},
    ],
)
def test_offered_tools_are_read_in_the_formats_of_the_providers(bound):
    (spec,) = OfferedTools().read({"tools": [bound, {"type": "web_search"}, "odd"]})
    assert (spec.name, spec.description, spec.parameters) == ("f", "d", {"type": "object"})


def test_offered_tools_may_be_tools():
    offered = OfferedTools()
    (spec,) = offered.read({"tools": [look]})
    assert (spec.name, list(spec.parameters["properties"])) == ("look", ["where"])
    assert offered.read({"tools": [look]})[0] is spec


def test_a_tool_that_changes_its_schema_is_read_again():
    offered = OfferedTools()
    schema: dict[str, Any] = {"name": "f", "parameters": {"type": "object"}}
    (before,) = offered.read({"tools": [schema]})
    schema["parameters"]["required"] = ["x"]
    (after,) = offered.read({"tools": [schema]})
    assert (before.parameters, after.parameters) == (
        {"type": "object"},
        {"type": "object", "required": ["x"]},
    )


def test_a_model_that_completes_text_is_a_model_call(recorder, recorded):
    FakeListLLM(responses=["four"]).invoke("two and two?", config={"callbacks": [recorder]})
    (trace,) = recorded()
    assert [(m.text, m.error) for m in trace.model_calls] == [("four", None)]


def test_what_a_retriever_calls_belongs_to_the_run(recorder, recorded):
    class Looking(BaseRetriever):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
            if query == "fail":
                raise ValueError(query)
            return [Document(look.invoke(call("look", "c1", where=query)).content)]

    @tool
    def search(query: str) -> str:
        """Searches."""
        return Looking().invoke(query)[0].page_content

    assert search.invoke({"query": "door"}, config={"callbacks": [recorder]}) == "saw door"
    with pytest.raises(ValueError, match="fail"):
        search.invoke({"query": "fail"}, config={"callbacks": [recorder]})
    found, failed = recorded()
    assert [(c.name, c.parent_id is None) for c in found.tool_calls] == [("search", True), ("look", False)]
    assert [c.status for c in failed.tool_calls] == ["error"]


def test_a_prompt_of_pictures_is_a_message_without_words(recorder, recorded):
    message = HumanMessage([{"type": "image_url", "image_url": {"url": "https://x.test/p.png"}}])
    recorder.on_chat_model_start({}, [[message]], run_id=(run := uuid4()))
    recorder.on_llm_end(answer(AIMessage("a cat")), run_id=run)
    (trace,) = recorded()
    assert [(m.role, m.text) for m in trace.messages] == [("user", "")]
