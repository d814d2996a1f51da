"""What passes and routines keep, whatever the recordings are: `python -m tests.proof.passes_held --cases 1000`.

Compiles so many generated worlds with odd ids, names and values, and prints what was found in them; fails at the first that does not
keep what it should.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

from langchain_awo.model.ir.metatool import MetaTool, Refused
from langchain_awo.model.stepping.deciding import call_key
from langchain_awo.model.stepping.execution import execute
from langchain_awo.model.stepping.outcome import Succeeded
from langchain_awo.model.trace.trace import Trace
from langchain_awo.model.views.notation import format_meta_tool
from langchain_awo.model.views.notation_parser import parse_meta_tool
from langchain_awo.optimizer.log.corpus import Call, Corpus, Run, Segment, build_corpus
from langchain_awo.optimizer.mining.cross_validate import Thresholds
from langchain_awo.optimizer.mining.occurrences import collect_occurrences
from langchain_awo.optimizer.mining.reach import keep_home
from langchain_awo.optimizer.mining.verify import verify
from langchain_awo.optimizer.pipeline import Options, compile_corpus, compile_plan
from langchain_awo.optimizer.replay.counterfactual import replay
from langchain_awo.optimizer.replay.simulate import simulate
from langchain_awo.optimizer.selection.naming import name_all
from langchain_awo.optimizer.selection.prune_outputs import prune_outputs
from langchain_awo.optimizer.selection.secrets import without_secrets
from langchain_awo.optimizer.selection.select import select
from langchain_awo.plan_file import decode_plan, encode_plan
from tests.proof.odd_worlds import make_odd_world


def check_world(traces: Sequence[Trace], options: Options, *, seed: int) -> Counter[str]:
    """What was found in some traces.

    Raises:
        AssertionError: a pass or a routine does not keep what it should.
    """
    corpus = build_corpus(traces, declared=options.effects)
    shuffled = Random(seed).sample(traces, len(traces))  # noqa: S311  # not a secret
    made, refused = compile_corpus(corpus, options)
    assert all(isinstance(each, Refused) for each in refused)
    check_order(traces, shuffled, options)
    check_passes_again(made, corpus, options)
    seen = check_routines(made, corpus)
    writing = sum(not each.effect.is_read for each in made)
    return seen + Counter(
        {"worlds": 1, "routines": len(made), "routines that write": writing, "refused": len(refused)}
    )


def check_order(traces: Sequence[Trace], shuffled: Sequence[Trace], options: Options) -> None:
    """The same traces in another order give the same file, which is read back as what it is."""
    plan = compile_plan(traces, options=options)
    written = encode_plan(plan)
    assert encode_plan(compile_plan(shuffled, options=options)) == written
    assert encode_plan(decode_plan(json.loads(written))) == written


def check_passes_again(made: list[MetaTool], corpus: Corpus, options: Options) -> None:
    """No pass changes what it has made."""
    shaped = prune_outputs(made, corpus, showing=options.showing)
    assert prune_outputs(shaped, corpus, showing=options.showing) == shaped
    assert name_all(made, corpus) == name_all(name_all(made, corpus), corpus)
    assert without_secrets(made) == (made, [])
    kept = select(made, corpus.fair_part, max_tools=options.max_tools, prices=options.prices).kept
    again = select(kept, corpus.fair_part, max_tools=options.max_tools, prices=options.prices).kept
    assert [each.steps for each in again] == [each.steps for each in kept]
    for each in made:
        assert keep_home(each, corpus) == (each, [])
        assert parse_meta_tool(format_meta_tool(each)).steps
        verified, _ = verify(each, corpus, Thresholds())
        if verified:
            assert [step.args for step in verified.steps] == [step.args for step in each.steps]
            assert verify(verified, corpus, Thresholds())[0] == verified


def check_routines(made: list[MetaTool], corpus: Corpus) -> Counter[str]:
    """Run where agents did the same, a routine makes the recorded calls, each once, and no write that nobody recorded."""
    seen: Counter[str] = Counter()
    for each in made:
        reproduced = list(_reproduces(each, corpus))
        assert len(reproduced) == each.evidence.held_out
        assert sum(reproduced) >= each.evidence.held_out_exact
        for recorded in corpus.runs:
            for segment in recorded.segments:
                seen += _check_segment(each, recorded, segment)
    assert replay(made, corpus).blind.unwanted_writes == 0
    return seen


def _check_segment(meta_tool: MetaTool, recorded: Run, segment: Segment) -> Counter[str]:
    there = {call_key(call.tool, call.args): call for each in segment.rounds for call in each.calls}
    seen: Counter[str] = Counter()
    for at in range(len(segment.rounds)):
        for found in simulate(meta_tool, recorded, segment, at):
            seen["places where one was run"] += 1
            for number, keys in found.made.items():
                step = meta_tool.steps[number - 1]
                assert len(keys) == len(set(keys)), f"step {number} is made twice"
                assert step.effect.is_read or set(keys) <= there.keys(), (
                    f"step {number} writes what nobody wrote"
                )
            if found.keys <= found.reproduced.keys() and not found.estimated:
                seen["places where all that it does was recorded"] += 1
                assert _run_recorded(meta_tool, found.parameters, there) == found.made
    return seen


def _reproduces(meta_tool: MetaTool, corpus: Corpus) -> Iterator[bool]:
    """Of the places where agents went on with any of the tools, whether the routine makes all of those calls."""
    tools = set(meta_tool.tools[1:])
    for each in collect_occurrences(corpus, meta_tool.tools[0]):
        wanted = {call.key for call in each.followers if call.tool in tools}
        found = simulate(meta_tool, each.run, each.segment, each.position)
        if wanted:
            yield any(wanted <= one.keys for one in found if one.anchor == each.anchor.key)


def _run_recorded(
    meta_tool: MetaTool, parameters: dict, there: dict[str, Call]
) -> dict[int, tuple[str, ...]]:
    """The keys of the calls that a routine makes, by step, where every answer is the recorded one."""
    made: dict[int, tuple[str, ...]] = {}
    stepping, outcomes = execute(meta_tool, parameters), None
    try:
        while True:
            group = next(stepping) if outcomes is None else stepping.send(outcomes)
            keys = [call_key(call.tool, call.args) for call in group]
            for call, key in zip(group, keys, strict=True):
                made[call.step] = (*made.get(call.step, ()), key)
            outcomes = [Succeeded(output=there[key].raw) for key in keys]
    except StopIteration:
        return made


def check_seed(seed: int) -> Counter[str]:
    """Of one generated world, compiled with writes or without."""
    world = make_odd_world(seed)
    options = Options(writes="guarded" if seed % 2 else "none", effects=world.effects)
    return check_world(world.traces, options, seed=seed)


def main() -> int:
    """Counts and prints; 1 if a world did not keep what it should."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--start", type=int, default=0)
    asked = parser.parse_args()
    total: Counter[str] = Counter()
    for seed in range(asked.start, asked.start + asked.cases):
        try:
            total += check_seed(seed)
        except Exception as error:  # noqa: BLE001  # the seed is what is needed, and the others may show more
            total["FAILED"] += 1
            sys.stdout.write(f"seed {seed}: {type(error).__name__}: {error}\n")
            sys.stdout.flush()
    for name, number in sorted(total.items()):
        sys.stdout.write(f"{number:9,}  {name}\n")
    return int(total["FAILED"] > 0)


if __name__ == "__main__":
    sys.exit(main())
