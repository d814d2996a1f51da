"""How many tool calls a second each store writes and reads.

python benchmarks/store_throughput.py --runs 2000
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson

from langchain_awo.model.trace.trace import (
    Message,
    ModelCallRecord,
    TokenUsage,
    ToolCallRecord,
    ToolSpec,
    Trace,
)
from langchain_awo.stores import TraceStore, open_store

CALLS_IN_A_RUN = 10
TOOLS = tuple(
    ToolSpec(name=f"tool_{n}", description="Looks something up.", parameters={"type": "object"})
    for n in range(12)
)


def made_up_runs(count: int) -> Iterator[Trace]:
    """Runs of ten model calls with one tool call each, outputs of some 300 bytes."""
    for run in range(count):
        yield Trace(
            trace_id=f"run-{run}",
            task_id=f"task-{run % 50}",
            messages=(Message(role="user", text="Please refund my last order.", before=0),),
            model_calls=tuple(
                ModelCallRecord(
                    model="m", usage=TokenUsage(input_tokens=900 + n, output_tokens=30), started_at=float(n)
                )
                for n in range(CALLS_IN_A_RUN)
            ),
            tool_calls=tuple(
                ToolCallRecord(
                    call_id=f"call-{run}-{n}",
                    name=TOOLS[n].name,
                    args={"order_id": f"#W{run:07}", "item": n},
                    output={
                        "id": f"#W{run:07}",
                        "items": [{"sku": str(k), "price": 9.5 + k} for k in range(8)],
                    },
                    model_call=n,
                    started_at=float(n),
                    ended_at=n + 0.5,
                )
                for n in range(CALLS_IN_A_RUN)
            ),
            tools=TOOLS,
        )


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds of some work."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def read_by_hand(path: Path) -> int:
    """What a reader of one's own would do: sqlite3, orjson for arguments and outputs, a dictionary for each row."""
    with closing(sqlite3.connect(path)) as database:
        traces = rows_of(database, "SELECT * FROM traces ORDER BY seq")
        parts = [
            groups_of(database, f"SELECT * FROM {table} ORDER BY trace_seq, position")  # noqa: S608  # constants
            for table in ("messages", "model_calls", "tool_calls")
        ]
        count = 0
        for trace in traces:
            *_, tool_calls = (next(part)[1] for part in parts)
            calls = [
                {**call, "args": orjson.loads(call["args"]), "output": orjson.loads(call["output"])}
                for call in tool_calls
            ]
            count += bool(trace) and len(calls)
    return count


def rows_of(database: sqlite3.Connection, query: str) -> Iterator[dict[str, Any]]:
    cursor = database.execute(query)
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)


def groups_of(database: sqlite3.Connection, query: str) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    groups = groupby(rows_of(database, query), itemgetter("trace_seq"))
    return ((seq, list(rows)) for seq, rows in groups)


def fetch_only(path: Path) -> int:
    """The least there is: sqlite3 and orjson, every row thrown away at once."""
    with closing(sqlite3.connect(path)) as database:
        for table in ("traces", "messages", "model_calls"):
            for _ in database.execute(f"SELECT * FROM {table}"):  # noqa: S608  # constants
                pass
        query = "SELECT args, output FROM tool_calls ORDER BY trace_seq, position"
        return sum(
            1 for args, output in database.execute(query) if (orjson.loads(args), orjson.loads(output))
        )


def best_of(work: Callable[[], object], *, rounds: int = 5) -> float:
    """The least processor seconds of several rounds."""
    return min(timed(work)[1] for _ in range(rounds))


def compare_reading(folder: Path, runs: int) -> None:
    """Reading beside reading by hand, from the same file in the same process."""
    calls = runs * CALLS_IN_A_RUN
    path = folder / "traces.db"
    with open_store(path) as store:
        store.append(made_up_runs(runs))
    with open_store(path) as store:
        by_hand = best_of(lambda: read_by_hand(path))
        least = best_of(lambda: fetch_only(path))
        print(
            f"\nreading {calls} calls from SQLite: microseconds of processor time a call, and times by hand"
        )
        figures = {
            "rows fetched, JSON parsed, nothing kept": least,
            "by hand: a dictionary for each row": by_hand,
            "store.traces()": best_of(lambda: sum(1 for _ in store.traces())),
            "store.traces(outputs=False)": best_of(lambda: sum(1 for _ in store.traces(outputs=False))),
        }
        for what, seconds in figures.items():
            print(f"{what:<42} {seconds / calls * 1e6:>7.1f} {seconds / by_hand:>7.2f}")


def addresses(folder: Path, server: str | None) -> list[str]:
    """The stores to measure."""
    return [str(folder / "traces.db"), str(folder / "traces.jsonl"), *([server] if server else [])]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--server", help="URL of an empty PostgreSQL database to measure too.")
    options = parser.parse_args()
    runs = list(made_up_runs(options.runs))
    calls = len(runs) * CALLS_IN_A_RUN
    print(f"{len(runs)} runs, {calls} tool calls; tool calls a second by wall clock (by processor time)")
    with tempfile.TemporaryDirectory() as folder:
        for address in addresses(Path(folder), options.server):
            with open_store(address) as store:
                measure(store, runs, address.partition(":")[0].rpartition("/")[2])
    del runs
    with tempfile.TemporaryDirectory() as folder:
        compare_reading(Path(folder), options.runs)


def measure(store: TraceStore, runs: list[Trace], name: str) -> None:
    """Writing in bulk and run by run, and reading."""
    few = runs[:200]
    works: dict[str, tuple[int, Callable[[], object]]] = {
        "write": (len(runs), lambda: store.append(runs)),
        "read": (len(runs), lambda: sum(1 for _ in store.traces())),
        "read without outputs": (len(runs), lambda: sum(1 for _ in store.traces(outputs=False))),
        "write one run at a time": (len(few), lambda: [store.append([run]) for run in few]),
    }
    for what, (count, work) in works.items():
        wall, processor = timed(work)
        done = count * CALLS_IN_A_RUN
        print(f"{name:<14} {what:<24} {done / wall:>9,.0f}  ({done / processor:,.0f})")


if __name__ == "__main__":
    main()
