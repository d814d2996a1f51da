"""What `awo compile` costs: CPU seconds and memory, by the number of calls and by the length of the runs.

    make bench
    python benchmarks/scale.py --compile 1000 10000 100000
    python benchmarks/scale.py --recording recording.jsonl.gz

Runs are generated worlds of `langchain_awo.testing`, or a recording drawn from with replacement. Each figure is CPU time of one
process that does nothing else; start-up is that of compiling one run.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from langchain_awo.api.phases import load_traces
from langchain_awo.model.trace.trace import Trace
from langchain_awo.stores import open_store
from langchain_awo.testing import generate_world, play

_COMPILE = """
import resource, sys
from langchain_awo.api.phases import compile_toolkit
compile_toolkit(sys.argv[1])
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--compile", type=int, nargs="*", default=[1_000, 10_000, 100_000], metavar="CALLS")
    parser.add_argument("--lengths", type=int, nargs="*", default=[10, 100, 1_000, 5_000], metavar="CALLS")
    parser.add_argument(
        "--joined", type=int, default=10_000, metavar="CALLS", help="of the logs of --lengths"
    )
    parser.add_argument("--recording", type=Path)
    args = parser.parse_args()
    base = load_traces(args.recording) if args.recording else generate_base()
    with tempfile.TemporaryDirectory() as folder:
        start, _ = compile_store(_store(Path(folder) / "one.db", base[:1]))
        print("| awo compile | calls | CPU s above start-up | calls a CPU s | MB |\n|---|---|---|---|---|")
        for calls in args.compile:
            cpu, memory = compile_store(_store(Path(folder) / f"{calls}.db", draw(base, calls)))
            _row("recorded runs", calls, cpu - start, memory)
        for length in args.lengths:
            cpu, memory = compile_store(
                _store(Path(folder) / f"long{length}.db", join(base, length, args.joined))
            )
            _row(f"runs of {length:,} calls", args.joined, cpu - start, memory)
        print(f"\nstart-up {start:.1f} CPU s")


def compile_store(path: Path) -> tuple[float, float]:
    """CPU seconds and megabytes of a process that compiles a store."""
    command = [sys.executable, "-c", _COMPILE, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  # this interpreter
    cpu, memory = done.stdout.split()
    return float(cpu), float(memory)


def draw(base: Sequence[Trace], calls: int) -> Iterator[Trace]:
    """Traces with so many calls, each a task of its own."""
    chance, made, number = random.Random(0), 0, 0  # noqa: S311  # any will do
    while made < calls:
        trace = chance.choice(base)
        number += 1
        made += len(trace.tool_calls)
        yield replace(trace, trace_id=f"run {number}", task_id=f"task {number}", thread_id=None)


def join(base: Sequence[Trace], length: int, calls: int) -> Iterator[Trace]:
    """Runs of at least so many calls: several, one behind the other, without a word in between."""
    chance = random.Random(1)  # noqa: S311  # any will do
    for number in range(max(1, calls // length)):
        whole = replace(chance.choice(base), model_calls=(), tool_calls=(), thread_id=None)
        while len(whole.tool_calls) < length:
            whole = _behind(whole, chance.choice(base))
        yield replace(whole, trace_id=f"long {number}", task_id=f"task {number}")


def _behind(whole: Trace, trace: Trace) -> Trace:
    used = sorted({call.model_call for call in trace.tool_calls if call.model_call is not None})
    place = {old: len(whole.model_calls) + new for new, old in enumerate(used)}
    calls = (call for call in trace.tool_calls if call.model_call in place)
    moved = tuple(
        replace(call, call_id=f"{len(whole.tool_calls)} {number}", model_call=place[call.model_call])
        for number, call in enumerate(calls)
        if call.model_call is not None
    )
    return replace(
        whole,
        messages=whole.messages[:1],
        model_calls=whole.model_calls + tuple(trace.model_calls[old] for old in used),
        tool_calls=whole.tool_calls + moved,
    )


def generate_base() -> list[Trace]:
    """The runs of a few worlds, to draw from."""
    return [trace for seed in range(3) for trace in play(generate_world(seed), 100)]


def _store(path: Path, traces: Iterator[Trace] | Sequence[Trace]) -> Path:
    with open_store(path) as store:
        store.append(traces)
    return path


def _row(what: str, calls: int, cpu: float, memory: float) -> None:
    print(f"| {what} | {calls:,} | {cpu:.1f} | {calls / cpu:,.0f} | {memory:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
