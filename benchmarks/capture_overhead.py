"""What recording costs beside LangChain's own tracer and OpenInference's: the same runs in turns, each handler doing all that it does.

Run it with `python benchmarks/capture_overhead.py`; `--rounds 60` for steadier figures. Ours writes to a SQLite file. The others send
to a server on this machine, in a process of its own, that throws everything away: its time does not count. Figures are medians of the
differences between a run with the handler and the run without one beside it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_core.tracers import LangChainTracer
from rich.console import Console
from rich.table import Table

from langchain_awo import TraceRecorder
from langchain_awo.testing import ScriptedChatModel, ask_tools

TURNS = 6
REPEATS = 5
WARM_UP = 3


@dataclass(frozen=True)
class Handler:
    """A handler, and what waits until everything it noted is written or sent."""

    callbacks: list[Any]
    finish: Callable[[], object]


@tool
def get_order(order_id: str) -> dict[str, Any]:
    """Looks up an order."""
    return {"id": order_id, "status": "shipped", "items": [{"sku": f"s-{i}", "count": i} for i in range(4)]}


@tool
def list_orders(user_id: str) -> list[dict[str, Any]]:
    """Lists all orders of a user."""
    return [
        {"id": f"{user_id}-{i}", "status": "shipped", "note": "left with a neighbour"} for i in range(300)
    ]


def run_agent(name: str, callbacks: list[Any]) -> None:
    """An agent that makes one tool call in each of its turns."""
    call = {"get_order": {"order_id": "#1"}, "list_orders": {"user_id": "u1"}}[name]
    script = [*[ask_tools((name, call))] * TURNS, "done"]
    agent = create_agent(ScriptedChatModel(script=script), [get_order, list_orders])
    agent.invoke({"messages": [("user", "go")]}, config={"callbacks": callbacks})


def costs(name: str, handlers: dict[str, Handler], rounds: int) -> dict[str, tuple[float, float]]:
    """For each handler what it adds to one tool call, in microseconds of CPU: in the agent's thread, and in all of them."""
    added: dict[str, list[tuple[float, float]]] = {each: [] for each in handlers}
    nothing = Handler([], lambda: None)
    for number in range(WARM_UP + rounds):
        for handler_name, handler in handlers.items():
            base, spent = timed(name, nothing), timed(name, handler)
            if number >= WARM_UP:
                added[handler_name].append((spent[0] - base[0], spent[1] - base[1]))
    calls = REPEATS * TURNS
    return {
        each: tuple(median(column) / calls * 1e6 for column in zip(*pairs, strict=True))  # type: ignore[misc]
        for each, pairs in added.items()
    }


def timed(name: str, handler: Handler) -> tuple[float, float]:
    """CPU seconds of some runs in this thread, and in all threads until nothing of them waits any more."""
    here, everywhere = time.thread_time(), time.process_time()
    for _ in range(REPEATS):
        run_agent(name, handler.callbacks)
    here = time.thread_time() - here
    handler.finish()
    return here, time.process_time() - everywhere


class Discard(BaseHTTPRequestHandler):
    """Takes what is sent."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Reads it, and says that all is well."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(202)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_PATCH = do_GET = do_POST  # noqa: N815  # the names of the base class

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def serve(port: Any) -> None:
    """A server that forgets; runs in a process of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Discard)
    port.send(server.server_port)
    server.serve_forever()


def all_handlers(url: str, folder: Path) -> dict[str, Handler]:
    """The recorder first, then what it is compared with, as far as it is installed."""
    recorder = TraceRecorder(folder / "traces.db")
    found = {"awo.TraceRecorder": Handler([recorder], recorder.flush), "LangChainTracer": langsmith(url)}
    other = openinference(url)
    return {**found, "OpenInference": other} if other else found


def langsmith(url: str) -> Handler:
    """LangChain's tracer with LangSmith's client as it is made by default."""
    from langsmith import Client  # noqa: PLC0415  # it reads the environment when it is imported

    client = Client(api_url=url, api_key="none")
    tracer = LangChainTracer(client=client)

    def finish() -> None:
        tracer.wait_for_futures()
        client.flush()

    return Handler([tracer], finish)


def openinference(url: str) -> Handler | None:
    """OpenInference's tracer with OpenTelemetry's batch processor; spans go out over HTTP where that exporter is installed, else nowhere."""
    try:
        from openinference.instrumentation import OITracer, TraceConfig  # noqa: PLC0415
        from openinference.instrumentation.langchain._tracer import OpenInferenceTracer  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        return None
    provider = TracerProvider()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    except ImportError:
        pass
    else:
        exporter = OTLPSpanExporter(endpoint=f"{url}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=100_000))
    tracer = OITracer(provider.get_tracer("benchmark"), config=TraceConfig())
    handler = OpenInferenceTracer(tracer, separate_trace_from_runtime_context=False)
    return Handler([handler], provider.force_flush)


def show(console: Console, title: str, found: dict[str, tuple[float, float]]) -> None:
    table = Table("handler", "agent's thread, us", "of it", "all threads, us", "of it", title=title)
    here, everywhere = found["LangChainTracer"]
    for name, (own, every) in found.items():
        table.add_row(
            name, f"{own:.0f}", f"1/{here / own:.1f}", f"{every:.0f}", f"1/{everywhere / every:.1f}"
        )
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    os.environ["LANGSMITH_TRACING"] = "false"
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        handlers = all_handlers(f"http://127.0.0.1:{ours.recv()}", Path(folder))
        for title, name in (("outputs of 150 bytes", "get_order"), ("outputs of 25 kB", "list_orders")):
            found = costs(name, handlers, rounds)
            show(console, f"CPU for each tool call, {title}, beside LangChainTracer", found)
        for handler in handlers.values():
            handler.finish()
    server.terminate()


if __name__ == "__main__":
    main()
