"""Many agents at once for minutes: whether memory stays flat, nothing is lost, and what recording costs a busy process.

    python benchmarks/load.py --minutes 5 [--store postgres] [--threads 64]

Real agents, a scripted model that answers at once, and one middleware with a compiled routine for all of them. In each of ten
rounds the same load runs without recording first. Without an address `postgres` starts a server of its own, on a Unix socket. Exits with 1 if a
count is wrong: runs, calls of each tool and calls that the routine made are counted where they happen, and compared with what the store
holds and with the counters of the middleware.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import os
import resource
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from langchain.agents import create_agent
from langchain_core.tools import tool

from langchain_awo import (
    MetaToolkit,
    MetaToolMiddleware,
    TraceRecorder,
    TraceStore,
    compile_toolkit,
    open_store,
    record,
)
from langchain_awo.testing import ScriptedChatModel, ask_tools

EVERY: Final = 10
"""Seconds between two looks at memory."""

ROUNDS: Final = 10

OFF: Final = 0.3
"""Share of each round in which nothing is recorded, to compare with."""

FRESH: Final = 20
"""Runs of one agent and its model: a scripted model remembers all that it was asked."""

Mode: TypeAlias = Literal["append", "continue"]

ROUTINE: Final = ("find_user", "list_orders")

made: Counter[str] = Counter()
lock = threading.Lock()


def note(name: str) -> None:
    """Counts what happened, whatever anybody else says of it."""
    with lock:
        made[name] += 1


@tool
def find_user(email: str) -> dict[str, Any]:
    """The user with an email address."""
    note("find_user")
    return {"user_id": f"u-{email}", "name": email.partition("@")[0]}


@tool
def list_orders(user_id: str) -> dict[str, Any]:
    """The orders of a user."""
    note("list_orders")
    return {"orders": [{"id": f"{user_id}-{number}", "status": "shipped"} for number in range(8)]}


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    note("get_weather")
    return f"sunny in {city}"


TOOLS: Final = [find_user, list_orders, get_weather]


@dataclass
class Measured:
    """What a load did, over all its slices.

    Attributes:
        runs: of agents, in all threads.
        memory: resident megabytes, every ten seconds.
    """

    runs: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    memory: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        rate = f"{self.runs:,} runs in {self.seconds:.0f} s, {self.runs / self.seconds:.0f} a second, {self.cpu_ms:.2f} CPU ms each"
        memory = ", ".join(f"{each:.0f}" for each in self.memory[:: max(1, len(self.memory) // 8)])
        return f"{rate}; memory over time, MB: {memory}; at the end {self.memory[-1]:.0f}"

    @property
    def cpu_ms(self) -> float:
        """Of a run."""
        return self.cpu / self.runs * 1e3


def policy(email: str) -> Callable[..., Any]:
    """A model that asks for the weather, then for the orders: by the routine where it is offered, else step by step."""

    def decide(messages: Any, tools: Any) -> Any:
        said = sum(message.type == "tool" for message in messages)
        offered = [each["function"]["name"] for each in tools]
        routine = next((name for name in offered if name not in {each.name for each in TOOLS}), None)
        steps = [("get_weather", {"city": "Porto"})]
        if routine:
            steps.append((routine, {"email": email}))
        else:
            steps += [("find_user", {"email": email}), ("list_orders", {"user_id": f"u-{email}"})]
        return ask_tools(steps[said]) if said < len(steps) else "done"

    return decide


def routine_toolkit() -> MetaToolkit:
    """Compiled from recordings of the same agent without it."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "traces.db"
        with record(store):
            for number in range(40):
                email = f"u{number}@example.org"
                agent = create_agent(ScriptedChatModel(policy=policy(email)), TOOLS)
                agent.invoke({"messages": [("user", f"orders of {email}")]})
        toolkit = compile_toolkit(store, tools=TOOLS)
    if not [each for each in toolkit.plan.meta_tools if tuple(step.tool for step in each.steps) == ROUTINE]:
        raise SystemExit(f"expected the routine {ROUTINE}, compiled {toolkit.plan.meta_tools}")
    return toolkit


def work(until: float, middleware: MetaToolMiddleware, numbers: Iterator[int]) -> None:
    """One thread: an agent after another."""
    while time.monotonic() < until:
        email = f"u{next(numbers)}@example.org"
        agent = create_agent(ScriptedChatModel(policy=policy(email)), TOOLS, middleware=[middleware])
        for _ in range(FRESH):
            if time.monotonic() >= until:
                return
            said = {"messages": [("user", f"orders of {email}")]}
            agent.invoke(said, {"configurable": {"thread_id": f"t{next(numbers)}"}})
            note("runs")


def load(middleware: MetaToolMiddleware, measured: Measured, *, threads: int, seconds: float) -> None:
    """Runs agents in all threads, and looks at memory meanwhile."""
    start, cpu, runs, numbers = time.monotonic(), time.process_time(), made["runs"], itertools.count()
    with ThreadPoolExecutor(threads) as pool:
        working = [pool.submit(work, start + seconds, middleware, numbers) for _ in range(threads)]
        while time.monotonic() + EVERY < start + seconds:
            time.sleep(EVERY)
            measured.memory.append(resident())
        for each in working:
            each.result()
    if middleware.recorder is not None:
        middleware.recorder.flush()
    measured.seconds += time.monotonic() - start
    measured.cpu += time.process_time() - cpu
    measured.runs += made["runs"] - runs
    gc.collect()
    measured.memory.append(resident())


def resident() -> float:
    """Megabytes of this process in memory."""
    pages = Path("/proc/self/statm")
    if pages.exists():
        return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def wrong_counts(store: TraceStore, middleware: MetaToolMiddleware, mode: Mode, *, dropped: int) -> list[str]:
    """What does not add up, in words."""
    stored = Counter(runs=dropped)
    for trace in store.traces():
        stored["runs"] += 1
        stored.update(
            call.name if call.replay is None else f"{call.name} of a routine" for call in trace.tool_calls
        )
    noted = Counter[str]()
    for (_, kind), count in middleware.usage.items():
        noted[kind] += count
    counted, runs = stored | noted, made["runs"]
    expected = {"runs": runs}
    if mode == "append":
        expected |= {"called": runs}
        own = {"get_weather": "get_weather"} | {f"{name} of a routine": name for name in ROUTINE}
    else:
        expected |= {"continued": runs, "served": runs}
        own = {name: name for name in made if name != "runs"} | {f"{ROUTINE[1]} of a routine": ROUTINE[1]}
    if not dropped:
        expected |= {name: made[tool] for name, tool in own.items()}
    return [
        f"{name}: {counted[name]:,}, and not {count:,}"
        for name, count in expected.items()
        if counted[name] != count
    ]


@contextmanager
def address_of(store: str, folder: str) -> Iterator[str]:
    """The address of an empty store."""
    if store != "postgres":
        yield str(Path(folder) / "traces.db") if store == "sqlite" else store
        return
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests.stores.postgres_server import PostgresServer, server_binaries  # noqa: PLC0415  # beside us, in a clone

    binaries = server_binaries()
    if binaries is None:
        raise SystemExit(
            "there is no PostgreSQL server here; install one, or give --store the address of an empty database"
        )
    server = PostgresServer(binaries)
    try:
        server.start()
        yield server.new_database()
    finally:
        server.close()


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--mode", choices=["append", "continue"], default="append")
    parser.add_argument(
        "--store", default="sqlite", help="`sqlite`, `postgres`, or the address of an empty store"
    )
    options = parser.parse_args()
    os.environ["LANGSMITH_TRACING"] = "false"
    toolkit = routine_toolkit()
    made.clear()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        address = stack.enter_context(address_of(options.store, folder))
        recorder = TraceRecorder(address)
        middleware = MetaToolMiddleware(toolkit, mode=options.mode, record=recorder)
        plain = MetaToolMiddleware(toolkit, mode=options.mode)
        off, on, of_plain = Measured(), Measured(), Counter[str]()
        for _ in range(ROUNDS):
            slice_ = options.minutes * 60 / ROUNDS
            before = made.copy()
            load(plain, off, threads=options.threads, seconds=slice_ * OFF)
            of_plain += made - before
            load(middleware, on, threads=options.threads, seconds=slice_ * (1 - OFF))
        made.subtract(of_plain)
        recorder.close()
        print(f"recording off: {off}\nrecording on:  {on}; {recorder.dropped} dropped")
        print(f"of the CPU of a run, recording takes {1 - off.cpu_ms / on.cpu_ms:.0%}")
        with open_store(address, create=False) as store:
            wrong = wrong_counts(store, middleware, options.mode, dropped=recorder.dropped)
        print("\n".join(wrong) or f"all counts add up: {dict(sorted(made.items()))}")
        sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
