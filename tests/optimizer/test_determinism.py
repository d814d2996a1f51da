"""The same traces in any order give the same bytes, and one more that says nothing changes only counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_awo.model.ir.metatool import BindingEvidence, Evidence
from langchain_awo.model.trace.trace import Message, ModelCallRecord, Trace
from langchain_awo.optimizer.pipeline import Options, compile_plan
from langchain_awo.plan_file import encode_plan
from langchain_awo.testing import generate_world, play

WORLD = play(generate_world(5, tools=3), 12)
PLANS = {
    strategy: encode_plan(compile_plan(WORLD, options=Options(strategy=strategy)))
    for strategy in ("default", "awo")
}


@pytest.mark.parametrize("strategy", ["default", "awo"])
def test_the_plan_is_not_empty(strategy):
    """What the other tests compare is worth comparing."""
    assert '"meta_tools"' in PLANS[strategy]


@given(order=st.permutations(WORLD), strategy=st.sampled_from(["default", "awo"]))
@settings(max_examples=8, deadline=None)
def test_the_same_traces_in_any_order_give_the_same_bytes(order, strategy):
    assert encode_plan(compile_plan(order, options=Options(strategy=strategy))) == PLANS[strategy]


def test_a_trace_that_has_nothing_to_do_with_it_changes_only_counts():
    other = Trace(
        trace_id="zz",
        task_id="zz",
        messages=(Message(role="user", text="hello", before=0),),
        model_calls=(ModelCallRecord(text="hello"),),
    )
    before, after = compile_plan(WORLD), compile_plan([*WORLD, other])
    assert before.meta_tools
    assert [_uncounted(each) for each in after.meta_tools] == [_uncounted(each) for each in before.meta_tools]
    assert after.tools == before.tools
    assert after.corpus["traces"] == before.corpus["traces"] + 1


def _uncounted(meta_tool):
    steps = (
        replace(step, evidence=dict.fromkeys(step.evidence, BindingEvidence())) for step in meta_tool.steps
    )
    why = meta_tool.mode_reason.partition(" A run: ")[0]  # what follows are figures of an average run
    return replace(meta_tool, evidence=Evidence(), steps=tuple(steps), mode_reason=why)
