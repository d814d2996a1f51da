"""What passes and routines keep whatever the recordings are; `python -m tests.proof.passes_held` tries many more."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from langchain_awo.model.stepping.execution import execute
from langchain_awo.model.stepping.outcome import Failed, Succeeded
from langchain_awo.model.text.encoding import compute_digest
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import Message, ModelCallRecord, ToolCallRecord, Trace
from langchain_awo.optimizer.pipeline import Options
from tests.optimizer.stepping_worlds import FAILURE, ToolsWorld, make_parameters, make_routine
from tests.proof.passes_held import check_seed, check_world

ODD = ["", " ", "a/b", "~0", "#1/x", "{}", "naïve", "\uff11", "\u202e", "0", "null", "item"]
LOOK, FIND, BOOK = "get user/{id}", "find\n#1", "update…"
EFFECTS = {LOOK: Effect.READ, FIND: Effect.READ, BOOK: Effect.WRITE}


def run(number: int, chance: Random) -> Trace:
    """An agent looks up a user, then an order of theirs, and books it if it is open; some do something else."""
    odd = ODD[number % len(ODD)]
    user, order = f"u{number * 7919}{odd}", f"{odd}o{number * 6133}"
    state = chance.choice(["open", "closed"])
    calls = [
        (LOOK, {"id~/": user}, {"or/der": {"": order}, "note": odd}),
        (FIND, {"": order}, {"state": state, "*": order}),
    ]
    if state == "open":
        calls.append((BOOK, {"order": order}, odd or "done"))
    if chance.random() < 0.2:
        calls = chance.sample(calls, len(calls))
    records = tuple(
        ToolCallRecord(
            call_id="" if number % 3 else f"c{at}",
            name=name,
            args=args,
            output=json.dumps(output) if number % 2 and isinstance(output, dict) else output,
            model_call=at,
        )
        for at, (name, args, output) in enumerate(calls)
    )
    said = Message(role="user", text=f"user {user} please", before=0)
    return Trace(
        trace_id=f"t{number}{odd}",
        task_id=f"task{number}",
        messages=(said,),
        model_calls=(ModelCallRecord(),) * len(calls),
        tool_calls=records,
    )


def traces_of(seed: int) -> list[Trace]:
    chance = Random(seed)  # noqa: S311  # not a secret
    return [run(number, chance) for number in range(chance.randint(14, 20))]


seeds = st.integers(0, 2**32)


@settings(max_examples=2, deadline=None)
@given(seed=seeds, writes=st.sampled_from(["none", "guarded"]))
def test_a_verified_routine_run_on_its_occurrences_makes_the_recorded_calls_and_no_other_write(seed, writes):
    """And what was compiled passes every pass again unchanged, in any order of the traces."""
    seen = check_world(traces_of(seed), Options(writes=writes, effects=EFFECTS), seed=seed)
    event(f"{seen['routines']} meta-tools, {writes}")


@pytest.mark.parametrize("seed", [3, 9])
def test_of_worlds_with_every_kind_of_flow_the_same_is_true(seed):
    assert check_seed(seed)["places where all that it does was recorded"]


@settings(max_examples=80, deadline=None)
@given(seed=seeds, resumed=st.booleans())
def test_no_routine_makes_a_call_of_a_step_twice_and_what_it_made_and_left_is_all_there_is(seed, resumed):
    chance = Random(seed)  # noqa: S311  # not a secret
    meta_tool, parameters = make_routine(chance), make_parameters(chance)
    world, made = ToolsWorld(seed), []
    stepping, outcomes = execute(meta_tool, parameters), None
    try:
        while True:
            group = next(stepping) if outcomes is None else stepping.send(outcomes)
            outcomes = []
            for call in group:
                made.append((call.step, call.tool, compute_digest(call.args)))
                answer = world.answer(call.tool, call.args)
                fails = answer == FAILURE or (resumed and chance.random() < 0.1)
                outcomes.append(Failed(error="no") if fails else Succeeded(output=answer))
    except StopIteration as end:
        result = end.value
    assert len(made) == len(set(made))
    done = [(each.call.step, each.call.tool, compute_digest(each.call.args)) for each in result.done]
    left = [(each.step, each.tool, compute_digest(each.args)) for each in result.remaining]
    assert set(done) <= set(made)
    assert not set(done) & set(left)
    if result.stop is None:
        assert sorted(done) == sorted(made)
        assert not left
        return
    event(f"stops: {result.stop.kind}, left: {len(left)}")
    if result.stop.kind == "failed":
        failed = (
            result.stop.step,
            meta_tool.steps[result.stop.step - 1].tool,
            compute_digest(result.stop.args),
        )
        assert failed in made
        assert failed not in done
        assert failed not in left
        assert set(made) == {*done, failed} | (set(made) & set(left))
