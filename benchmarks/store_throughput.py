"""How many tool calls a second each store writes and reads.

python benchmarks/store_throughput.py --runs 2000
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from langchain_awo.model.trace import Message, ModelCallRecord, TokenUsage, ToolCallRecord, ToolSpec, Trace
from langchain_awo.stores import open_store

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
                    model="m", usage=TokenUsage(input_tokens=900 + n, output_tokens=30), started_at=n
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=2000)
    runs = list(made_up_runs(parser.parse_args().runs))
    calls = len(runs) * CALLS_IN_A_RUN
    print(f"{len(runs)} runs, {calls} tool calls; tool calls a second by wall clock (by processor time)")
    for name in ("traces.db", "traces.jsonl"):
        with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / name) as store:
            works: dict[str, Callable[[], object]] = {
                "write": lambda store=store: store.append(runs),
                "read": lambda store=store: sum(1 for _ in store.traces()),
                "write one run at a time": lambda store=store: [store.append([run]) for run in runs[:200]],
            }
            for what, work in works.items():
                done = calls if what in ("write", "read") else len(runs[:200]) * CALLS_IN_A_RUN
                wall, processor = timed(work)
                print(f"{name:<14} {what:<24} {done / wall:>9,.0f}  ({done / processor:,.0f})")


if __name__ == "__main__":
    main()
