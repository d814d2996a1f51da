"""How fast the histories of a log are counted into a prefix tree, beside other libraries, and how that grows.

    make bench
    python benchmarks/counting.py --calls 1000000 --stream 100000000

Names only, generated: most runs follow a few routines, some wander. All figures are CPU time of this process, taken in turns, the
median of several. A peer that is not installed, or fails, gets a row that says so.
"""

from __future__ import annotations

import argparse
import math
import resource
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from langchain_awo.optimizer.counting.columns import Columns, as_columns
from langchain_awo.optimizer.counting.prefixes import Prefixes, count_prefixes, merge_prefixes

Runs = Sequence[Sequence[str]]

TOOLS = [f"tool_{number}" for number in range(30)]
STRAYING = 0.3
"""Share of the runs in which one call is another."""

PARTITION = 2_000_000
"""Calls that are generated and counted at a time when a log is larger than memory."""

PREFIXSPAN = "prefixspan, 100 most frequent of 1 to 3"
PREFIXSPAN_RUNS = 20_000
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=1_000_000, help="of the log that all count")
    parser.add_argument("--lengths", type=int, nargs="*", default=[10, 100, 1_000, 5_000], metavar="CALLS")
    parser.add_argument(
        "--stream", type=int, default=100_000_000, help="calls of a log counted in partitions"
    )
    args = parser.parse_args()
    compare(generate(args.calls))
    print("\n| log | calls | CPU s | calls a CPU s |\n|---|---|---|---|")
    sizes = [args.calls // 10, args.calls]
    small, large = (cpu_of_counting(generate(calls), f"{calls:,} calls") for calls in sizes)
    for length in args.lengths:
        cpu_of_counting(generate(args.calls, length=length), f"runs of {length:,}")
    print(f"\nexponent in the number of calls: {math.log10(large / small):.2f}\n")
    stream(args.stream)


def generate(calls: int, *, length: int | None = None, seed: int = 2) -> Columns[str]:
    """Runs of about ten calls, or of exactly so many, of 30 tools; the routines are the same for every seed."""
    fixed = np.random.default_rng(2)
    sizes = fixed.integers(3, 17, 200) if length is None else np.full(200, length)
    starts = np.cumsum(sizes) - sizes
    steps = fixed.integers(0, len(TOOLS), int(sizes.sum()))
    chance = np.random.default_rng(seed)
    weights = 1 / np.arange(1, 201)
    runs = max(1, int(calls // (sizes @ weights / weights.sum())))
    drawn = chance.choice(200, runs, p=weights / weights.sum())
    lengths = sizes[drawn]
    begin = np.cumsum(lengths) - lengths
    offsets = np.arange(int(lengths.sum())) - np.repeat(begin, lengths)
    codes = steps[np.repeat(starts[drawn], lengths) + offsets].astype(np.uint8)
    straying = np.flatnonzero(chance.random(runs) < STRAYING)
    where = begin[straying] + (chance.random(len(straying)) * lengths[straying]).astype(np.int64)
    codes[where] = chance.integers(0, len(TOOLS), len(where))
    return Columns(TOOLS, codes, lengths)


def names_of(columns: Columns[str]) -> Runs:
    """The same as lists of names."""
    names = [TOOLS[code] for code in columns.codes.tolist()]
    ends = np.cumsum(columns.lengths).tolist()
    return [names[end - length : end] for end, length in zip(ends, columns.lengths.tolist(), strict=True)]


def compare(columns: Columns[str]) -> None:
    """Prefix counting by each library, on the same runs, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        ways = _ways(columns)
        peers, missing = _peers(columns, Path(folder))
        found = _in_turns({**ways, **peers})
    print("\n| counting | calls a CPU s | times pm4py | times a C hash table |\n|---|---|---|---|")
    done = dict.fromkeys(found, len(columns.codes)) | {PREFIXSPAN: _calls_of_prefixspan(columns)}
    speed = {name: done[name] / cpu for name, cpu in found.items()}
    usual, table = speed.get("pm4py prefix tree"), speed.get("C hash table (pandas), numbers of prefixes")
    for name, per_second in speed.items():
        ratios = (f"{per_second / other:.1f}" if other else "-" for other in (usual, table))
        print(f"| {name} | {per_second:,.0f} | {' | '.join(ratios)} |", flush=True)
    for name, reason in missing.items():
        print(f"| {name} | {reason} | | |", flush=True)


def _ways(columns: Columns[str]) -> dict[str, Callable[[], object]]:
    """What needs no other library; all of it counts the same."""
    lists = names_of(columns)
    tuples = list(map(tuple, lists))
    assert len(count_prefixes(columns).counts) == by_dict(lists), "the counts differ"
    return {
        "columns of numbers": lambda: count_prefixes(columns),
        "tuples of names": lambda: count_prefixes(as_columns(tuples)),
        "lists of names": lambda: count_prefixes(as_columns(lists)),
        "plain dict trie": lambda: by_dict(lists),
        "C hash table (Counter), names without their runs": lambda: Counter(chain.from_iterable(lists)),
    }


def _peers(columns: Columns[str], folder: Path) -> tuple[dict[str, Callable[[], object]], dict[str, str]]:
    """What other libraries do, and why what is missing is."""
    lists = names_of(columns)
    makers: dict[str, Callable[[], Callable[[], object]]] = {
        "a Parquet file of names, read and counted": lambda: _parquet(columns, folder / "names.parquet"),
        "C hash table (pandas), numbers of prefixes": lambda: _pandas(columns),
        "pm4py prefix tree": lambda: _pm4py(lists),
        "networkx, edge by edge": lambda: _networkx(lists),
        PREFIXSPAN: lambda: _prefixspan(lists[:PREFIXSPAN_RUNS]),
    }
    found: dict[str, Callable[[], object]] = {}
    missing: dict[str, str] = {}
    for name, make in makers.items():
        try:
            found[name] = make()
        except Exception as error:  # noqa: BLE001  # a peer may fail in any way; the others are measured all the same
            missing[name] = (
                f"not installed ({error.name})"
                if isinstance(error, ModuleNotFoundError)
                else f"failed: {type(error).__name__}"
            )
    return found, missing


def _in_turns(ways: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """CPU seconds of each, the median of rounds in which each has its turn."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, run in ways.items():
            times[name].append(cpu_of(run))
    return {name: statistics.median(found) for name, found in times.items()}


def cpu_of(run: Callable[[], object]) -> float:
    """CPU seconds of all threads."""
    start = time.process_time()
    run()
    return time.process_time() - start


def cpu_of_counting(columns: Columns[str], what: str) -> float:
    """Counts, prints and gives the CPU seconds."""
    cpu = statistics.median(cpu_of(lambda: count_prefixes(columns)) for _ in range(ROUNDS))
    print(f"| {what} | {len(columns.codes):,} | {cpu:.3f} | {len(columns.codes) / cpu:,.0f} |", flush=True)
    return cpu


def stream(calls: int) -> None:
    """Generates and counts a log partition by partition."""
    generating = counting = 0.0
    total, parts = 0, list[Prefixes[str]]()
    while total < calls:
        start = time.process_time()
        columns = generate(min(PARTITION, calls - total), seed=total)
        between = time.process_time()
        parts.append(count_prefixes(columns))
        if len(parts) > 8:  # merged now and then, so that what is held stays bounded
            parts = [merge_prefixes(parts)]
        generating, counting = generating + between - start, counting + time.process_time() - between
        total += len(columns.codes)
    start = time.process_time()
    tree = merge_prefixes(parts)
    counting += time.process_time() - start
    assert int(tree.counts.sum()) == total
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{total:,} calls in partitions of {PARTITION:,}: counted in {counting:.1f} CPU s (generated in {generating:.1f}), "
        f"{len(tree.counts):,} nodes, {memory:,.0f} MB at most"
    )


def by_dict(runs: Runs) -> int:
    """Distinct prefixes, counted in nested dictionaries."""
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


def _networkx(runs: Runs) -> Callable[[], object]:
    import networkx as nx  # noqa: PLC0415

    return lambda: _by_edges(runs, nx.DiGraph())


def _by_edges(runs: Runs, graph: Any) -> int:
    """The same in a graph, edge by edge."""
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


def _numbers_of_prefixes(columns: Columns[str]) -> np.ndarray:
    """A number for each call that is equal for calls with equal histories: what a hash table would be asked for."""
    numbers: dict[tuple[int, int], int] = {}
    found, place = np.empty(len(columns.codes), np.int64), 0
    codes = columns.codes.tolist()
    for length in columns.lengths.tolist():
        above = -1
        for at in range(place, place + length):
            above = numbers.setdefault((above, codes[at]), len(numbers))
            found[at] = above * 2_654_435_761 % (1 << 61)
        place += length
    return found


def _written(columns: Columns[str], path: Path) -> Path:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    names = pa.DictionaryArray.from_arrays(columns.codes.astype(np.int32), TOOLS).cast(pa.string())
    ends = np.append(0, np.cumsum(columns.lengths)).astype(np.int32)
    pq.write_table(pa.table({"names": pa.ListArray.from_arrays(ends, names)}), path)
    return path


def _read(path: Path) -> Columns[str]:
    """The names of each run, as numbers: Parquet holds them as such."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    table = pq.read_table(path, read_dictionary=["names.list.element"], use_threads=False)
    runs = table.column("names").combine_chunks()
    names = runs.flatten()
    return Columns(
        names.dictionary.to_pylist(),
        names.indices.to_numpy(zero_copy_only=False),
        runs.value_lengths().to_numpy(zero_copy_only=False).astype(np.int64),
    )


def _pm4py(runs: Runs) -> Callable[[], object]:
    from pm4py.algo.transformation.log_to_trie import algorithm  # noqa: PLC0415
    from pm4py.objects.log.obj import Event, EventLog  # noqa: PLC0415
    from pm4py.objects.log.obj import Trace as Case  # noqa: PLC0415

    log = EventLog([Case([Event({"concept:name": name}) for name in run]) for run in runs])
    return lambda: algorithm.apply(log)


def _prefixspan(runs: Runs) -> Callable[[], object]:
    from prefixspan import PrefixSpan  # noqa: PLC0415

    return lambda: PrefixSpan(runs).topk(100, filter=lambda pattern, _: len(pattern) <= 3)


def _calls_of_prefixspan(columns: Columns[str]) -> int:
    return int(columns.lengths[:PREFIXSPAN_RUNS].sum())


def _parquet(columns: Columns[str], path: Path) -> Callable[[], object]:
    _written(columns, path)
    assert len(count_prefixes(_read(path)).counts) == len(count_prefixes(columns).counts), "the counts differ"
    return lambda: count_prefixes(_read(path))


def _pandas(columns: Columns[str]) -> Callable[[], object]:
    import pandas as pd  # noqa: PLC0415

    numbers = _numbers_of_prefixes(columns)
    return lambda: pd.factorize(numbers)


if __name__ == "__main__":
    main()
