"""The path of a run is the same with meta-tools and without them."""

from __future__ import annotations

import json
from dataclasses import replace

from langchain_awo.model.ir.binding import Output, Parameter
from langchain_awo.model.ir.metatool import MetaTool, Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import ToolCallRecord, Trace
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.log.variants import OTHER, count_paths, keep_frequent
from tests.reporting.material import trace

EFFECTS = {
    "find": Effect.READ,
    "list": Effect.READ,
    "weather": Effect.READ,
    "refund": Effect.WRITE,
    "find_and_refund": Effect.WRITE,
}
META_TOOL = MetaTool(
    name="find_and_refund",
    description="",
    steps=(
        Step(tool="find", args={"id": Parameter(name="id")}, effect=Effect.READ),
        Step(tool="list", args={"id": Output(step=1)}, effect=Effect.READ),
        Step(tool="refund", args={"id": Output(step=2)}, effect=Effect.WRITE),
    ),
)


def paths(*traces: Trace):
    return count_paths(build_corpus(traces, declared=EFFECTS), [META_TOOL])


def used(number, *ran):
    """A run in which the meta-tool ran some of its steps."""
    told = {
        "status": "completed",
        "steps": [{"step": 1, "tool": tool, "args": {}, "output": 1} for tool in ran],
    }
    call = ToolCallRecord(call_id="m", name="find_and_refund", output=json.dumps(told), model_call=0)
    return replace(trace(number, "find"), tool_calls=(call,))


def test_a_meta_tool_counts_as_its_first_tool_and_what_it_wrote():
    assert paths(trace(1, "find", "list", "refund")) == {"find > refund": 1}
    assert paths(used(1, "find", "list", "refund")) == {"find > refund": 1}
    assert paths(used(1, "find", "list")) == {"find": 1}


def test_what_meta_tools_may_read_unasked_is_left_out_but_where_a_run_begins():
    assert paths(trace(1, "find", "list", "list", "weather")) == {"find > weather": 1}
    assert paths(trace(1, "list", "find")) == {"list > find": 1}
    assert paths(trace(1)) == {"": 1}


def test_trials_of_a_task_count_once_for_each_path():
    trials = [replace(trace(number, "find"), task_id="one") for number in range(5)]
    other = replace(trace(9, "weather"), task_id="one")
    assert paths(*trials, other) == {"find": 1, "weather": 1}


def test_rare_paths_are_kept_as_a_number():
    mix = {"a": 9, "b": 2, "c": 1, "d": 1}
    assert keep_frequent(mix) == {"a": 9, "b": 2, OTHER: 2}
    assert keep_frequent(mix, most=1) == {"a": 9, OTHER: 4}
    assert keep_frequent({"a": 2}) == {"a": 2}
