"""What the log alone says of tools: commands, fillers, what users asked for, signatures, one specification."""

from __future__ import annotations

import pytest

from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import ToolSpec
from langchain_awo.optimizer.log.commands import find_commanding
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.log.fillers import find_fillers
from langchain_awo.optimizer.log.requests import find_telling_words, has_asked
from langchain_awo.optimizer.log.signatures import build_signatures, infer_argument_schema, observed_schema
from langchain_awo.optimizer.log.specs import choose_fuller, merge_specs
from tests.optimizer.notation import corpus_of, traces_of

COMMAND = '{"graph": null, "update": {"a": 1}, "resume": null, "goto": []}'


@pytest.mark.parametrize(
    ("output", "steers"),
    [
        (COMMAND, True),
        (f'["ok", {COMMAND}]', True),
        ('{"graph": null, "update": null, "resume": null}', False),
        ('{"graph": 1, "update": 1, "resume": 1, "goto": 1, "more": 1}', False),
        ("[]", False),
        ("ok", False),
    ],
)
def test_a_tool_that_answered_with_a_command_once_steers_the_agent(output, steers):
    corpus = corpus_of(f"hand_over(1) -> ok | hand_over(2) -> {output} | get_user(1)")
    assert find_commanding(corpus) == ({"hand_over"} if steers else frozenset())


def test_fillers_are_what_calls_that_succeeded_passed_and_null_is_none():
    corpus = corpus_of(
        'find(a=0, b="", c=none, d=null, e=[], f=7) | find(a=false, b="x") | !find(g=0) | find(a=0)'
    )
    assert {name: list(values) for (_, name), values in find_fillers(corpus).items()} == {
        "a": ["0", "false"],
        "b": ['""'],
        "c": ['"none"'],
        "e": ["[]"],
    }


@pytest.mark.parametrize(
    ("tool", "others", "words"),
    [
        ("issue_refund", [], {"refund"}),
        ("cancel_order", ["get_order"], {"cancel"}),
        ("cancel_orders", ["get_order"], {"cancel"}),
        ("shop.issueRefund", ["shop.getOrder"], {"refund"}),
        ("mail__send", ["get"], set()),
        ("set_it", [], set()),
        ("book_class", ["get_class"], {"book"}),
    ],
)
def test_the_words_that_tell_what_a_tool_is_for(tool, others, words):
    assert find_telling_words(tool, others) == words


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("I want a refund", True),
        ("Has it been REFUNDED?", True),
        ("a prerefund", False),
        ("what about it", False),
        ("", False),
    ],
)
def test_a_user_asks_with_a_word_in_any_ending(said, asked):
    (run,) = corpus_of(f'"{said}" get_order(7)').runs
    assert has_asked(run, ["refund"], before=len(run.text)) is asked


def test_what_a_user_says_later_was_not_asked_before():
    (run,) = corpus_of('"hello" get_order(7) || "a refund please" get_order(7)').runs
    first, second = run.segments
    assert not has_asked(run, ["refund"], before=first.rounds[0].start)
    assert has_asked(run, ["refund"], before=second.rounds[0].start)
    assert not has_asked(run, [], before=second.rounds[0].start)


def test_the_observed_schema_is_one_that_all_successful_calls_satisfy():
    corpus = corpus_of(
        'find(a=1, b=true, c=null, d=["x"]) | find(a=1.5, b="x", c=null, d={"k": 1}) | find(a=2, d=[]) | !find(z=1)'
    )
    assert observed_schema(corpus, "find") == {
        "type": "object",
        "properties": {
            "a": {"type": "number"},
            "b": {"type": ["boolean", "string"]},
            "c": {"type": "null"},
            "d": {"type": ["array", "object"]},
        },
        "required": ["a", "d"],
    }


def test_a_tool_that_nobody_called_takes_nothing():
    assert observed_schema(corpus_of("get(1)"), "other") == {
        "type": "object",
        "properties": {},
        "required": [],
    }


def test_only_a_signature_of_a_live_tool_is_held_to_it():
    own = {"type": "object", "properties": {"id": {"type": "string"}}}
    corpus = build_corpus(traces_of("get_it(1) | find(2)"), tools=[ToolSpec(name="get_it", parameters=own)])
    live, seen = (
        build_signatures(corpus, ["get_it", "find"], live={"get_it"})["get_it"],
        build_signatures(corpus, ["find"])["find"],
    )
    assert (live.parameters, live.source, bool(live.digest)) == (own, "tool", True)
    assert (seen.parameters["required"], seen.source, seen.digest) == (["id"], "traces", "")
    assert live.effect is Effect.READ


@pytest.mark.parametrize(("argument", "schema"), [("id", {"type": "integer"}), ("odd", {}), ("none", {})])
def test_the_schema_of_an_argument_is_the_tools_own_or_nothing(argument, schema):
    own = {"properties": {"id": {"type": "integer"}, "odd": True}}
    corpus = build_corpus(traces_of("get(x)"), tools=[ToolSpec(name="get", parameters=own)])
    assert infer_argument_schema(corpus, "get", argument) == schema


def test_the_schema_of_an_argument_is_what_was_seen_if_the_tool_has_none():
    assert infer_argument_schema(corpus_of("get(id=x)"), "get", "id") == {"type": "string"}
    assert infer_argument_schema(corpus_of("get(id=x)"), "other", "id") == {}


def spec(description="", hints=None, **parameters):
    return ToolSpec(name="t", description=description, parameters=parameters, hints=hints or {})


def test_of_two_specifications_the_one_with_parameters_says_more_in_either_order():
    little, much = spec("a long description"), spec(type="object")
    assert choose_fuller(little, much) is choose_fuller(much, little) is much


def test_specifications_are_merged_with_the_more_suspicious_claim_and_live_tools_override():
    (trace,) = traces_of("t(1) | other(2)")
    seen = [
        spec(hints={"readOnlyHint": True}),
        spec("says more", hints={"readOnlyHint": False}, type="object"),
    ]
    for recorded in (seen, seen[::-1]):
        merged = merge_specs([trace], [], recorded)
        assert list(merged) == ["other", "t"]
        assert (merged["t"].description, merged["t"].hints) == ("says more", {"readOnlyHint": False})
        assert merged["other"] == ToolSpec(name="other")
    live = spec("live")
    assert merge_specs([trace], [live], seen)["t"] is live
