"""What passes and routines keep whatever the recordings are, with odd ids, names and outputs."""

from __future__ import annotations

import json
from random import Random

from hypothesis import event, given, settings
from hypothesis import strategies as st

from langchain_awo.model.ir.metatool import Refused
from langchain_awo.model.stepping.deciding import call_key
from langchain_awo.model.stepping.execution import execute
from langchain_awo.model.stepping.outcome import Failed, Succeeded
from langchain_awo.model.text.encoding import compute_digest
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import Message, ModelCallRecord, ToolCallRecord, Trace
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.mining.cross_validate import Thresholds
from langchain_awo.optimizer.mining.occurrences import collect_occurrences
from langchain_awo.optimizer.mining.reach import keep_home
from langchain_awo.optimizer.mining.verify import verify
from langchain_awo.optimizer.pipeline import Options, compile_corpus
from langchain_awo.optimizer.replay.counterfactual import replay
from langchain_awo.optimizer.replay.simulate import simulate
from langchain_awo.optimizer.selection.naming import name_all
from langchain_awo.optimizer.selection.prune_outputs import prune_outputs
from tests.optimizer.stepping_worlds import FAILURE, ToolsWorld, make_parameters, make_routine

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
def test_what_was_compiled_passes_every_pass_again_unchanged_in_any_order_of_the_traces(seed, writes):
    traces, options = traces_of(seed), Options(writes=writes, effects=EFFECTS)
    corpus = build_corpus(traces, declared=EFFECTS)
    made, refused = compile_corpus(corpus, options)
    event(f"{len(made)} meta-tools, {writes}")
    shuffled = build_corpus(Random(seed).sample(traces, len(traces)), declared=EFFECTS)  # noqa: S311
    assert compile_corpus(shuffled, options) == (made, refused)
    shaped = prune_outputs(made, corpus, showing=options.showing)
    assert prune_outputs(shaped, corpus, showing=options.showing) == shaped
    assert prune_outputs(made, shuffled, showing=options.showing) == shaped
    assert name_all(made, corpus) == name_all(name_all(made, corpus), corpus)
    for each in made:
        assert keep_home(each, corpus) == (each, [])
        verified, _ = verify(each, corpus, Thresholds())
        if verified:
            assert [step.args for step in verified.steps] == [step.args for step in each.steps]
            assert verify(verified, corpus, Thresholds())[0] == verified
    assert all(isinstance(each, Refused) for each in refused)


@settings(max_examples=2, deadline=None)
@given(seed=seeds)
def test_a_verified_routine_run_on_its_occurrences_makes_the_recorded_calls_and_no_other_write(seed):
    traces = traces_of(seed)
    corpus = build_corpus(traces, declared=EFFECTS)
    made, _ = compile_corpus(corpus, Options(writes="guarded", effects=EFFECTS))
    for each in made:
        assert _reproduced_places(each, corpus) >= each.evidence.held_out_exact
        for recorded in corpus.runs:
            for segment in recorded.segments:
                _assert_reproduced(each, recorded, segment)
    assert replay(made, corpus).blind.unwanted_writes == 0


def _assert_reproduced(meta_tool, recorded, segment):
    there = {call_key(call.tool, call.args): call for each in segment.rounds for call in each.calls}
    for at in range(len(segment.rounds)):
        for found in simulate(meta_tool, recorded, segment, at):
            event("simulated")
            for number, keys in found.made.items():
                step = meta_tool.steps[number - 1]
                assert len(keys) == len(set(keys))
                assert step.effect.is_read or set(keys) <= there.keys()
            if found.keys <= there.keys():
                assert _executed(meta_tool, found.parameters, there) == found.made


def _reproduced_places(meta_tool, corpus):
    """Places where agents went on with any of the tools and the routine makes all of those calls."""
    tools, count = set(meta_tool.tools[1:]), 0
    for each in collect_occurrences(corpus, meta_tool.tools[0]):
        wanted = {call.key for call in each.followers if call.tool in tools}
        found = [
            one
            for one in simulate(meta_tool, each.run, each.segment, each.position)
            if one.anchor == each.anchor.key
        ]
        count += bool(wanted) and any(wanted <= one.keys for one in found)
    return count


def _executed(meta_tool, parameters, there):
    """The keys of the calls that a routine makes, by step, where every answer is the recorded one."""
    made, stepping, outcomes = {}, execute(meta_tool, parameters), None
    try:
        while True:
            group = next(stepping) if outcomes is None else stepping.send(outcomes)
            keys = [call_key(call.tool, call.args) for call in group]
            for call, key in zip(group, keys, strict=True):
                made[call.step] = (*made.get(call.step, ()), key)
            outcomes = [Succeeded(output=there[key].raw) for key in keys]
    except StopIteration:
        return made


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
