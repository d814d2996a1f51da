"""What reading and counting a log costs beside parsing its arguments with orjson, from each kind of store.

    python benchmarks/reading.py --calls 100000 1000000

Generated worlds of `langchain_awo.testing`, drawn with replacement. Both are measured in one process, in turns; figures are CPU time,
the least of several rounds. `whole` reads every trace as a whole, as monitoring does; `counted` is what compiling reads.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
from scale import draw, generate_base

from langchain_awo.api.partitions import count_traces
from langchain_awo.model.trace.trace import Trace
from langchain_awo.stores import open_store
from langchain_awo.stores.parquet_export import export_parquet

ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    base = generate_base()
    print("| store | calls | orjson, µs a call | counted, µs a call | times orjson | whole, times orjson |")
    print("|---|---:|---:|---:|---:|---:|")
    for calls in parser.parse_args().calls:
        with tempfile.TemporaryDirectory() as folder:
            database, parquet = Path(folder) / "log.db", Path(folder) / "log.parquet"
            texts: list[str] = []
            with open_store(database) as store:
                store.append(_noted(draw(base, calls), texts))
                export_parquet(store, str(parquet))
            for name, place in (("SQLite", database), ("Parquet", parquet)):
                _row(name, place, texts)


def _noted(traces: Iterator[Trace], texts: list[str]) -> Iterator[Trace]:
    """The traces; the arguments of their calls are noted as JSON text."""
    for trace in traces:
        texts.extend(orjson.dumps(call.args).decode() for call in trace.tool_calls)
        yield trace


def _row(name: str, place: Path, texts: list[str]) -> None:
    ways: dict[str, Callable[[], object]] = {
        "orjson": lambda: [None for text in texts if orjson.loads(text) is None],
        "counted": lambda: count_traces(place),
        "whole": lambda: _read_whole(place),
    }
    least = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for way, run in ways.items():
            start = time.process_time()
            run()
            least[way] = min(least[way], time.process_time() - start)
    parsed, counted, whole = (least[way] / len(texts) * 1e6 for way in ("orjson", "counted", "whole"))
    print(
        f"| {name} | {len(texts):,} | {parsed:.2f} | {counted:.2f} | {counted / parsed:.1f} | {whole / parsed:.1f} |",
        flush=True,
    )


def _read_whole(place: Path) -> None:
    with open_store(place) as store:
        for _ in store.traces():
            pass


if __name__ == "__main__":
    main()
