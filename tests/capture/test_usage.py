"""Usage is read in whatever form it is reported, and never costs the event."""

from __future__ import annotations

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage

from langchain_awo.capture.usage import read_usage
from langchain_awo.model.trace.trace import TokenUsage
from tests.capture.exact_model import ExactModel
from tests.capture.scripted_agents import asks, call, look, says, user


@pytest.mark.parametrize(
    ("report", "usage"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 2}, (10, 2, 0)),
        (
            {"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}},
            (10, 2, 4),
        ),
        ({"input_tokens": 10, "output_tokens": 2, "input_token_details": {"cache_read": 4}}, (10, 2, 4)),
        # Anthropic and Bedrock count what was cached beside the input
        ({"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 5}, (100, 5, 90)),
        ({"input_tokens": 1000, "cache_read_input_tokens": 90, "output_tokens": 5}, (1090, 5, 90)),
        ({"input_tokens": 1, "cache_creation_input_tokens": 8, "cache_read_input_tokens": 2}, (11, 0, 2)),
        ({"inputTokens": 3, "outputTokens": 1, "cacheReadInputTokens": 7}, (10, 1, 7)),
        ({"input_tokens": 5, "output_tokens": 1, "input_token_details": {"cache_read": 9}}, (14, 1, 9)),
        # Gemini, Ollama, watsonx
        ({"prompt_token_count": 7, "candidates_token_count": 2, "cached_content_token_count": 3}, (7, 2, 3)),
        ({"prompt_eval_count": 7, "eval_count": 2}, (7, 2, 0)),
        ({"input_token_count": 7, "generated_token_count": 2}, (7, 2, 0)),
        # counts that are no numbers
        ({"prompt_tokens": {"text": 5, "image": 3}, "completion_tokens": "4"}, (8, 4, 0)),
        ({"prompt_tokens": None, "input_tokens": 6, "completion_tokens": "many"}, (6, 0, 0)),
        ({"prompt_tokens": -5, "completion_tokens": float("inf")}, None),
        ({"prompt_tokens": float("nan"), "completion_tokens": 2.0, "prompt_tokens_details": [1]}, (0, 2, 0)),
        ({"prompt_tokens": object()}, None),
        ({"prompt_tokens": True}, None),
        ({}, None),
        (None, None),
        ("12 tokens", None),
    ],
)
def test_usage_has_many_forms(report, usage):
    expected = usage and TokenUsage(input_tokens=usage[0], output_tokens=usage[1], cached_tokens=usage[2])
    assert read_usage(report) == expected


def nested(depth):
    value = {"text": 1}
    for _ in range(depth):
        value = {"part": value}
    return value


@pytest.mark.parametrize(
    "count",
    [{"text": 5}, nested(5_000), object(), [1, 2], "x"],
    ids=["object", "deep", "odd", "list", "text"],
)
def test_what_a_model_said_is_recorded_whatever_its_usage_is(count, recorder, recorded):
    turns = [asks(call("look", "c1", where="a")), says()]
    for turn in turns:
        turn.usage_metadata = None
    model = ExactModel.saying(*turns, llm_output={"token_usage": {"prompt_tokens": count}})
    create_agent(model, [look]).invoke(user("go"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    assert [m.text for m in trace.model_calls] == ["", "done"]
    assert [(c.call_id, c.model_call, c.status) for c in trace.tool_calls] == [("c1", 0, "ok")]


def test_metadata_that_only_looks_like_a_hint_costs_nothing(recorder, recorded):
    config = {"callbacks": [recorder], "metadata": {"mcp": {"tool": "orders"}}}
    create_agent(ExactModel.saying(asks(call("look", "c1", where="a")), AIMessage("done")), [look]).invoke(
        user("go"), config=config
    )
    (trace,) = recorded()
    assert [(c.status, c.started_at is not None) for c in trace.tool_calls] == [("ok", True)]
