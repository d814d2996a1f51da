"""What a model is told of a run: short if it ended, whole if it stopped, cut where it is too long, and what a person changed."""

import json
from dataclasses import replace

import pytest
from langchain_core.messages import ToolMessage

from langchain_awo.model.ir.binding import Item, Output, Parameter
from langchain_awo.model.ir.metatool import Map, MetaTool, Step
from langchain_awo.model.ir.telling import tell_steps
from langchain_awo.model.stepping.outcome import FinishedCall, OriginalCall, Remaining, Result, Stop
from langchain_awo.runtime.answer.answer import build_artifact, build_hand_back, write_answer
from langchain_awo.runtime.answer.render_steps import args_of, build_told_calls
from langchain_awo.runtime.inner.calling import EDITED
from langchain_awo.runtime.outcome import Limits

EACH = Step(tool="get_order", args={"id": Item()}, over=Map(source=Output(step=1, path="/orders")))
META_TOOL = MetaTool(
    name="orders_of",
    description="",
    steps=(Step(tool="find_user", args={"email": Parameter(name="email")}), EACH),
)


def made(step, output, /, *, mapped=False, reply=None, **args):
    tool = META_TOOL.steps[step - 1].tool
    return FinishedCall(OriginalCall(step, tool, args, key=f"{step}{args}", mapped=mapped), output, reply)


DONE = (
    made(1, '{"orders": ["a", "b"]}', email="x"),
    made(2, '{"id": "a", "total": 1}', mapped=True, id="a"),
    made(2, "paid", mapped=True, id="b"),
)


def told(result, meta_tool=META_TOOL, **limits):
    known = build_hand_back(meta_tool, result, resume_token="t")  # noqa: S106  # no secret
    return json.loads(write_answer(meta_tool, known, result, limits=Limits(**limits)))


def test_a_routine_that_came_to_its_end_tells_the_items_of_a_step_together():
    found = told(Result(done=DONE))
    assert found["status"] == "completed"
    assert [step["tool"] for step in found["steps"]] == ["find_user", "get_order"]
    assert found["steps"][1]["calls"] == [
        {"args": {"id": "a"}, "output": {"id": "a", "total": 1}},
        {"args": {"id": "b"}, "output": "paid"},
    ]
    assert "resume_token" not in found


def test_a_routine_that_stopped_tells_every_call_what_failed_and_what_remains():
    stop = Stop(kind="failed", step=2, reason="no such order", args={"id": "c"})
    left = (Remaining(step=2, tool="get_order", args={"id": "d"}),)
    found = told(Result(done=DONE, stop=stop, remaining=left, notes=("one was left out",)))
    assert (found["status"], len(found["steps"])) == ("stopped", 3)
    assert found["failed"] == {"step": 2, "tool": "get_order", "args": {"id": "c"}, "error": "no such order"}
    assert found["remaining"] == [{"step": 2, "tool": "get_order", "args": {"id": "d"}}]
    assert (found["resume_token"], found["notes"]) == ("t", ["one was left out"])
    assert "reason" not in found


def test_a_stop_that_is_no_failure_has_a_reason():
    found = told(Result(done=DONE, stop=Stop(kind="guard", step=2, reason="it is closed")))
    assert (found["reason"], "failed" in found) == ("it is closed", False)


def test_an_answer_at_the_limit_is_whole_and_one_above_it_is_cut():
    result = Result(done=(made(1, "y" * 900, email="x"), made(2, "", mapped=True, id="a")))
    length = len(json.dumps(told(result), separators=(",", ":")))
    whole, _ = told(result, answer_chars=length)["steps"]
    assert (whole["output"], "note" in whole) == ("y" * 900, False)
    cut, _ = told(result, answer_chars=length - 1)["steps"]
    assert cut["output"] == "y" * ((length - 1) // 2)
    least, _ = told(result, answer_chars=9)["steps"]
    assert least["output"] == "y" * 200


def test_one_output_is_cut_where_it_alone_is_too_long():
    (step,) = told(Result(done=(made(1, "y" * 300, email="x"),)), output_chars=250)["steps"]
    assert step["note"] == "cut: the first 250 of 300 characters; call find_user for the rest"


def test_long_arguments_and_errors_are_cut_and_nobody_is_sent_to_call_again_for_them():
    stop = Stop(kind="failed", step=2, reason="e" * 400, args={"id": "i" * 900})
    left = (Remaining(step=2, tool="get_order", args={"id": {"k": "j" * 500}}),)
    found = told(Result(done=DONE[:1], stop=stop, remaining=left), output_chars=250)
    assert (found["failed"]["error"], found["failed"]["args"]) == ("e" * 250, {"id": "i" * 250})
    assert found["failed"]["note"] == "cut: the first 250 of 900 characters"
    assert found["remaining"][0]["args"]["id"] == json.dumps({"k": "j" * 500}, separators=(",", ":"))[:250]
    assert "note" not in found["steps"][0]


def test_each_of_many_long_outputs_gets_its_share():
    done = tuple(made(2, letter * 3000, mapped=True, id=letter) for letter in "ab")
    (step,) = told(Result(done=done), answer_chars=2000)["steps"]
    assert [len(each["output"]) for each in step["calls"]] == [1000, 1000]
    assert step["note"] == "cut: the first 1,000 of 3,000 characters; call get_order for the rest"


def test_hidden_places_are_left_out_of_the_message_and_named():
    hidden = replace(META_TOOL.steps[0], hide={"/secret": 3, "/more": 2})
    meta_tool = replace(META_TOOL, steps=(hidden, EACH))
    done = (made(1, '{"orders": [], "secret": 1, "more": 2}', email="x"),)
    (step,) = told(Result(done=done), meta_tool)["steps"]
    assert step["output"] == {"orders": []}
    assert step["more"].startswith("call find_user for ")
    (whole,) = told(Result(done=done), meta_tool, shape=False)["steps"]
    assert whole["output"] == {"orders": [], "secret": 1, "more": 2}
    assert "more" not in whole


def test_at_most_six_hidden_places_are_named():
    names = [f"p{number}" for number in range(8)]
    meta_tool = replace(
        META_TOOL, steps=(replace(META_TOOL.steps[0], hide={f"/{name}": 1 for name in names}),)
    )
    (step,) = tell_steps(
        meta_tool, build_told_calls([made(1, json.dumps(dict.fromkeys([*names, "shown"], 1)), email="x")])
    )
    assert step["more"].endswith(" and 2 more")


def test_an_artifact_has_every_output_whole_and_the_messages():
    reply = ToolMessage(content="y" * 900, tool_call_id="1")
    result = Result(done=(made(1, "y" * 900, reply=reply, email="x"),))
    kept = build_artifact(META_TOOL, build_hand_back(META_TOOL, result, resume_token=""), result)
    assert (kept["meta_tool"], kept["steps"][0]["output"], kept["messages"]) == (
        "orders_of",
        "y" * 900,
        [reply],
    )


@pytest.mark.parametrize(
    ("kept", "args"),
    [
        ({}, {"email": "x"}),
        ({EDITED: {"email": "y"}}, {"email": "y"}),
        ({EDITED: {}}, {}),
        ({EDITED: None}, {"email": "x"}),
    ],
)
def test_the_arguments_told_are_those_that_a_person_left(kept, args):
    reply = ToolMessage(content="", tool_call_id="1", additional_kwargs=kept)
    assert args_of(made(1, "", reply=reply, email="x")) == args
    assert args_of(made(1, "", email="x")) == {"email": "x"}
