"""Somebody may word a toolkit better; whatever they answer, it stays a toolkit."""

from __future__ import annotations

import json
import logging

import pytest

import langchain_awo as awo
from langchain_awo.optimizer.selection.polish import polish_names
from langchain_awo.testing import ScriptedChatModel
from tests.optimizer.notation import traces_of

RUNS = "\n".join(f'"a{n}" find_user(a{n}) -> {{"uid": "u{n}"}} | get_user(u{n})' for n in range(10, 22))


@pytest.fixture(scope="module")
def plan():
    return awo.compile_toolkit(traces_of(RUNS)).plan


def worded(plan, answer):
    return polish_names(plan, lambda _: answer).meta_tools[0]


def test_a_better_name_and_description_are_taken_and_the_steps_stay_named(plan):
    meta_tool = worded(plan, ("look_up_user", "Looks a user up, with the record."))
    assert meta_tool.name == "look_up_user"
    assert meta_tool.description == "Looks a user up, with the record.\nRuns: find_user, then get_user."
    assert meta_tool.steps == plan.meta_tools[0].steps


@pytest.mark.parametrize(
    "answer",
    [
        ("get_user", "has the name of a tool"),
        ("no spaces please", "x"),
        ("x" * 65, "x"),
        ("fine_name", "  "),
        ("fine_name", "x" * 2_000),
        ("fine_name", "beep\x07"),
        (None, "x"),
        ("fine_name", 5),
        ("only_one",),
        None,
    ],
)
def test_what_does_not_pass_leaves_the_wording_and_says_why(plan, answer, caplog):
    with caplog.at_level(logging.WARNING):
        assert worded(plan, answer) == plan.meta_tools[0]
    assert "keeps its wording" in caplog.text


def test_a_namer_that_raises_costs_nothing(plan):
    def broken(_meta_tool):
        raise ConnectionError("no network")

    assert polish_names(plan, broken) == plan


def test_no_two_meta_tools_get_one_name():
    others = RUNS.replace("find_user", "find_shop").replace("get_user", "get_shop")
    plan = awo.compile_toolkit(traces_of(f"{RUNS}\n{others}")).plan
    names = [each.name for each in polish_names(plan, lambda _: ("look_up", "Looks up.")).meta_tools]
    assert len(names) == len(set(names)) == 2
    assert "look_up" in names


@pytest.mark.parametrize("fence", ["{}", "```json\n{}\n```", "Sure! {}"])
def test_a_chat_model_can_be_the_namer(fence):
    answer = json.dumps({"name": "look_up_user", "description": "Looks a user up."})
    model = ScriptedChatModel(script=[fence.replace("{}", answer)])
    toolkit = awo.compile_toolkit(traces_of(RUNS), namer=model)
    assert [each.name for each in toolkit.plan.meta_tools] == ["look_up_user"]
    assert "find_user(id=$id)" in model.calls[0].messages[-1].text


@pytest.mark.parametrize("answer", ["I would rather not.", "{broken", '{"name": "x"}', "[]"])
def test_a_chat_model_that_answers_otherwise_changes_nothing(answer, plan):
    model = ScriptedChatModel(script=[answer])
    assert awo.compile_toolkit(traces_of(RUNS), namer=model).plan == plan
