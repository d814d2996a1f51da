"""What each extra is for, tried in an environment that has some of them: `python probe.py report parquet`.

Stands alone, so that it runs where only the wheel is installed. For each extra it prints `works`, or `missing` where the package says
which extra to install; anything else, and an extra that is installed and does not work, makes it exit with 1.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import langchain_awo as awo
from langchain_awo.errors import MissingExtraError
from langchain_awo.model.trace.trace import Message, ModelCallRecord, ToolCallRecord, Trace
from langchain_awo.testing import ScriptedChatModel, ask_tools

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1"

ONLY = "--only"
"""What is not named is not tried."""

BRINGS = {"mcp": {"review"}, "checkpoints": {"postgres"}}
"""Extras whose packages are those of another too."""


class Failed(Exception):  # noqa: N818  # what a use did, not what was raised
    """A use did something else than it should."""


def find_user(email: str) -> dict[str, Any]:
    """The user with an email address."""
    return {"user_id": f"u-{email}"}


def list_orders(user_id: str) -> dict[str, Any]:
    """The orders of a user."""
    return {"orders": [f"{user_id}-1"]}


def run(number: int) -> Trace:
    """A run that lists somebody's orders."""
    email = f"u{number}@example.org"
    calls = (
        ToolCallRecord(
            call_id="1", name="find_user", args={"email": email}, output=find_user(email), model_call=0
        ),
        ToolCallRecord(
            call_id="2",
            name="list_orders",
            args={"user_id": f"u-{email}"},
            output=list_orders(f"u-{email}"),
            model_call=1,
        ),
    )
    said = Message(role="user", text=f"orders of {email}", before=0)
    models = (ModelCallRecord(model="m"),) * 3
    return Trace(
        trace_id=f"run-{number}",
        task_id=f"task-{number}",
        messages=(said,),
        model_calls=models,
        tool_calls=calls,
    )


class Bench:
    """A store, and a toolkit compiled from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "traces.db"
        with awo.open_store(self.store) as store:
            store.append([run(number) for number in range(30)])
        self.toolkit = awo.compile_toolkit(self.store, tools=[find_user, list_orders])
        self.saved = folder / "toolkit.json"
        self.toolkit.save(self.saved)

    def use_core(self) -> None:
        """Records, loads, and runs a meta-tool."""
        with awo.record(self.folder / "own.jsonl"):
            ScriptedChatModel(script=[ask_tools(("find_user", {"email": "a"}))]).invoke("go")
        with awo.open_store(self.folder / "own.jsonl", create=False) as store:
            expect(len(store) == 1, "one run is recorded")
        (tool,) = awo.MetaToolkit.load(self.saved, tools=[find_user, list_orders]).get_tools()
        expect(
            "u-a@example.org-1" in str(tool.invoke({"email": "a@example.org"})), "the routine finds the order"
        )

    def use_langchain(self) -> None:
        """Runs an agent under the middleware."""
        middleware = awo.MetaToolMiddleware(self.toolkit, mode="append")
        from langchain.agents import create_agent

        name = self.toolkit.plan.meta_tools[0].name
        model = ScriptedChatModel(script=[ask_tools((name, {"email": "a@example.org"})), "done"])
        agent = create_agent(model, [find_user, list_orders], middleware=[middleware])
        said = agent.invoke({"messages": [("user", "go")]})["messages"]
        expect(any("u-a@example.org-1" in str(each.content) for each in said), "the agent is told the order")

    def use_report(self) -> None:
        """Draws the page."""
        awo.report(self.store, self.saved).save(self.folder / "report.html")
        expect(
            "<svg" in (self.folder / "report.html").read_text(encoding="utf-8"), "the page has its pictures"
        )

    def use_parquet(self) -> None:
        """Writes Parquet, and reads it again."""
        from langchain_awo.cli.export import export_traces

        export_traces(str(self.store), output=str(self.folder / "runs.parquet"))
        with awo.open_store(self.folder / "runs.parquet", create=False) as store:
            expect(len(store) == 30, "all runs are exported")

    def use_postgres(self) -> None:
        """Says clearly that nobody answers."""
        try:
            awo.open_store(NOWHERE)
        except MissingExtraError:
            raise
        except awo.AwoError as error:
            expect("127.0.0.1" in str(error), f"the error names the server: {error}")

    def use_checkpoints(self) -> None:
        """The same for conversations that LangGraph kept."""
        try:
            list(awo.import_traces(NOWHERE))
        except MissingExtraError:
            raise
        except awo.AwoError as error:
            expect("read" in str(error), f"the error says what failed: {error}")

    def use_mcp(self) -> None:
        """Builds a server."""
        from langchain_awo.runtime.tool.mcp_server import mcp_server

        expect(bool(mcp_server(self.toolkit).name), "the server has a name")

    def use_otel(self) -> None:
        """Publishes a toolkit's state to whoever listens."""
        from langchain_awo.monitoring.telemetry import publish

        publish(awo.monitor(self.store, self.saved))

    def use_review(self) -> None:
        """Asks for the page, its styles and its programs."""
        from langchain_awo.review.desk import Desk
        from langchain_awo.review.server import ReviewSession, review_app

        session = ReviewSession(4711)
        app = review_app(Desk(path=self.saved), session)
        for path in (
            "",
            "assets/review.css",
            "assets/review.js",
            "assets/card.js",
            "assets/parts.js",
            "api/state",
        ):
            expect(
                asyncio.run(asked(app, f"/{session.token}/{path}")) == 200, f"{path or 'the page'} is there"
            )

    def use_dask(self) -> None:
        """Compiles two stores in workers."""
        from distributed import Client

        with awo.open_store(self.folder / "more.db") as store:
            store.append([run(number) for number in range(30, 60)])
        with Client(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as client:
            stores = [self.store, self.folder / "more.db"]
            found = awo.compile_toolkit(stores, executor=client.get_executor())
        expect(len(found.plan.meta_tools) == 1, "the routine of both stores is found")


def expect(fact: bool, what: str) -> None:  # noqa: FBT001  # reads as `assert`, which -O takes out
    """Fails unless something holds."""
    if not fact:
        raise Failed(f"expected that {what}")


async def asked(app: Any, path: str) -> int:
    """The status of a request, without a socket."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "scheme": "http",
        "headers": [(b"host", b"127.0.0.1:4711")],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return int(sent[0]["status"])


def tried(use: Callable[[], None], extra: str, *, is_there: bool) -> str:
    """What came of a use: `works`, `missing`, or what is wrong."""
    try:
        use()
    except MissingExtraError as error:
        named = f"langchain-awo[{extra}]" in str(error)
        return "missing" if named and not is_there else f"WRONG: {error}"
    except ImportError as error:  # the caller's own import, as of the executor
        ours = (error.name or "").startswith("langchain_awo")
        return f"WRONG: {error!r}" if ours or is_there or extra != "dask" else "missing"
    except Exception as error:  # noqa: BLE001  # whatever it is, it is the answer
        return f"WRONG: {error!r}"
    return "works"


def main() -> int:
    """Tries everything; 1 if something is wrong."""
    given = {each for each in sys.argv[1:] if each != ONLY}
    there = given.union(*(BRINGS.get(each, set()) for each in given), {"core"})
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        uses = {
            name.removeprefix("use_"): getattr(bench, name) for name in dir(bench) if name.startswith("use_")
        }
        if ONLY in sys.argv:
            uses = {extra: use for extra, use in uses.items() if extra in there}
        found = {extra: tried(use, extra, is_there=extra in there) for extra, use in uses.items()}
    for extra, outcome in found.items():
        print(f"{extra}: {outcome}")  # noqa: T201  # its output is its answer
    return int(any(outcome.startswith("WRONG") for outcome in found.values()))


if __name__ == "__main__":
    sys.exit(main())
