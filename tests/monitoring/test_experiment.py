"""Arms of an experiment: success and means beside each other, on traces made up for it."""

from __future__ import annotations

import pytest

from langchain_awo.model.trace.trace import ModelCallRecord, TokenUsage, Trace
from langchain_awo.monitoring.experiment import Arms


def compare_arms(traces):
    arms = Arms()
    for trace in traces:
        arms.add(trace)
    return arms.compare()


def thread(number, *, held_out, calls, success=None):
    usage = TokenUsage(input_tokens=90, output_tokens=10)
    return Trace(
        trace_id=f"t{number}",
        success=success,
        model_calls=(ModelCallRecord(usage=usage),) * calls,
        metadata={"awo": {"modes": {"m": "append"}, "held_out": held_out}},
    )


def test_success_of_both_arms_is_compared():
    """48 of 80 without, 56 of 70 with: Newcombe's interval of the difference is 0.0524 to 0.3339."""
    without = [thread(n, held_out=True, calls=4, success=n < 48) for n in range(80)]
    with_it = [thread(100 + n, held_out=False, calls=2, success=n < 56) for n in range(70)]
    found = compare_arms([*without, *with_it])
    assert (found.held_out.success.count, found.with_toolkit.success.count) == (48, 56)
    assert (round(found.success.low, 4), round(found.success.high, 4)) == (0.0524, 0.3339)
    assert (found.model_calls.value, found.tokens.value) == (-2, -200)
    difference = found.as_json()["difference"]
    assert difference["success"]["value"] == pytest.approx(0.2)


def test_one_arm_is_no_experiment_and_unmarked_threads_belong_to_none():
    with_it = [thread(n, held_out=False, calls=2) for n in range(3)]
    assert compare_arms(with_it) is None
    assert compare_arms([]) is None
    unmarked = [Trace(trace_id=f"u{n}") for n in range(9)]
    held = thread(7, held_out=True, calls=3)
    found = compare_arms([*with_it, *unmarked, held])
    assert (found.with_toolkit.threads, found.held_out.threads) == (3, 1)
    assert found.success is None
    assert found.model_calls.low is None
