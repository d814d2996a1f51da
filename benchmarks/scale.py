"""How fast compiling and counting are: CPU seconds and memory of `awo compile`, and counting beside other libraries.

    make bench
    python benchmarks/scale.py --compile 1000 10000 100000 --calls 1000000
    python benchmarks/scale.py --recording recording.jsonl.gz

Runs are generated worlds of `langchain_awo.testing`, or a recording drawn from with replacement. Each figure is CPU time of one
process that does nothing else; start-up is that of compiling one run. Peers that are not installed are left out.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import networkx as nx

from langchain_awo.api.phases import load_traces
from langchain_awo.model.trace.trace import Trace
from langchain_awo.optimizer.counting.columns import as_columns, count_prefixes
from langchain_awo.stores import open_store
from langchain_awo.testing import generate_world, play

Runs = Sequence[Sequence[str]]

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
    parser.add_argument("--calls", type=int, default=1_000_000, help="calls of the log that peers count")
    parser.add_argument("--recording", type=Path)
    args = parser.parse_args()
    base = load_traces(args.recording) if args.recording else _worlds()
    with tempfile.TemporaryDirectory() as folder:
        start, _ = compile_store(_store(Path(folder) / "one.db", base[:1]))
        print("| awo compile | calls | CPU s above start-up | calls a CPU s | MB |\n|---|---|---|---|---|")
        for calls in args.compile:
            cpu, memory = compile_store(_store(Path(folder) / f"{calls}.db", draw(base, calls)))
            _row("recorded runs", calls, cpu - start, memory)
        for length in args.lengths:
            cpu, memory = compile_store(_store(Path(folder) / f"long{length}.db", join(base, length, 10_000)))
            _row(f"runs of {length:,} calls", 10_000, cpu - start, memory)
        print(f"\nstart-up {start:.1f} CPU s")
    print("\n| counting | calls a CPU s | times pm4py |\n|---|---|---|")
    compare(names_only(args.calls))


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


def names_only(calls: int) -> Runs:
    """Runs of about ten tool names each; like real ones, most follow a few routines and some wander."""
    chance = random.Random(2)  # noqa: S311  # any will do
    tools = [f"tool_{number}" for number in range(30)]
    routines = [chance.choices(tools, k=chance.randint(3, 16)) for _ in range(200)]
    weights = [1 / (number + 1) for number in range(len(routines))]
    runs: list[list[str]] = []
    while calls > 0:
        run = list(chance.choices(routines, weights)[0])
        if chance.random() < 0.3:
            run[chance.randrange(len(run))] = chance.choice(tools)
        runs.append(run)
        calls -= len(run)
    return runs


def compare(runs: Runs) -> None:
    """Prefix counting by each library, on the same runs, one after the other."""
    calls = sum(map(len, runs))
    expected = by_dict(runs)
    assert by_columns(runs) == expected == by_networkx(runs), "the counts differ"
    peers: dict[str, Callable[[], object]] = {
        "columns, from names": lambda: count_prefixes(as_columns(runs)),
        "columns, names numbered before": _numbered(runs),
        "plain dict trie": lambda: by_dict(runs),
        "networkx, edge by edge": lambda: by_networkx(runs),
    }
    if find_spec("pm4py"):
        peers["pm4py prefix tree"] = _pm4py(runs)
    if find_spec("prefixspan"):
        peers["prefixspan, 100 most frequent of 1 to 3"] = _prefixspan(runs[:20_000])
    speed = {
        name: (calls if "prefixspan" not in name else sum(map(len, runs[:20_000]))) / cpu_of(run)
        for name, run in peers.items()
    }
    usual = speed.get("pm4py prefix tree")
    for name, per_second in speed.items():
        print(f"| {name} | {per_second:,.0f} | {f'{per_second / usual:.1f}' if usual else '-'} |", flush=True)


def by_columns(runs: Runs) -> int:
    """Distinct prefixes."""
    return len(count_prefixes(as_columns(runs)).counts)


def by_dict(runs: Runs) -> int:
    """The same in nested dictionaries."""
    root: dict[str, list] = {}  # type: ignore[type-arg]  # recursive
    nodes = 0
    for run in runs:
        below = root
        for name in run:
            node = below.get(name)
            if node is None:
                node = below[name] = [0, {}]
                nodes += 1
            node[0] += 1
            below = node[1]
    return nodes


def by_networkx(runs: Runs) -> int:
    """The same in a graph, edge by edge."""
    graph = nx.DiGraph()
    graph.add_node(())
    for run in runs:
        source: tuple[object, ...] = ()
        for name in run:
            target = (source, name)
            if graph.has_edge(source, target):
                graph.edges[source, target]["weight"] += 1
            else:
                graph.add_edge(source, target, weight=1)
            source = target
    return graph.number_of_nodes() - 1


def _numbered(runs: Runs) -> Callable[[], object]:
    columns = as_columns(runs)
    return lambda: count_prefixes(columns)


def _pm4py(runs: Runs) -> Callable[[], object]:
    from pm4py.algo.transformation.log_to_trie import algorithm  # noqa: PLC0415  # as below: may be missing
    from pm4py.objects.log.obj import Event, EventLog  # noqa: PLC0415
    from pm4py.objects.log.obj import Trace as Case  # noqa: PLC0415

    log = EventLog([Case([Event({"concept:name": name}) for name in run]) for run in runs])
    return lambda: algorithm.apply(log)


def _prefixspan(runs: Runs) -> Callable[[], object]:
    from prefixspan import PrefixSpan  # noqa: PLC0415

    return lambda: PrefixSpan(runs).topk(100, filter=lambda pattern, _: len(pattern) <= 3)


def cpu_of(run: Callable[[], object]) -> float:
    """CPU seconds, the best of three unless it takes long."""
    times: list[float] = []
    while len(times) < 3 and sum(times) < 5:
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def _worlds() -> list[Trace]:
    return [trace for seed in range(3) for trace in play(generate_world(seed), 100)]


def _store(path: Path, traces: Iterator[Trace] | Sequence[Trace]) -> Path:
    with open_store(path) as store:
        store.append(traces)
    return path


def _row(what: str, calls: int, cpu: float, memory: float) -> None:
    print(f"| {what} | {calls:,} | {cpu:.1f} | {calls / cpu:,.0f} | {memory:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
