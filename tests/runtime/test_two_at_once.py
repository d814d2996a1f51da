"""Several workers go on with one run at the same time: a write is made by one of them, and all are told what it came to."""

import asyncio
import json
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from langgraph.store.sqlite import SqliteStore
from langgraph.types import Command

from langchain_awo.runtime.journal import journal_store
from langchain_awo.runtime.journal.asking import settle
from langchain_awo.runtime.journal.journal import Entry, RunMemory
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from tests.runtime.desk import (
    HELP,
    Desk,
    ask,
    call,
    model_of,
    new_agent,
    plan_of,
    tool_messages,
)

THREAD = {"configurable": {"thread_id": "t"}}
WORKERS = 4


class SlowStore(InMemoryStore):
    """A store at the other end of a network."""

    def batch(self, ops: Iterable[Any]) -> list[Any]:
        time.sleep(0.003)
        answers = super().batch(ops)
        time.sleep(0.003)
        return answers


class SlowDesk(Desk):
    """A back office that takes its time, so that two workers overlap."""

    def row(self, name: str, args: str) -> None:
        super().row(name, args)
        time.sleep(0.02)


def _at_once(work: Any) -> list[Any]:
    """What so many workers that start together come to."""
    gate = threading.Barrier(WORKERS)

    def one(number: int) -> Any:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(one, range(WORKERS)))


@pytest.mark.parametrize("share", ["memory", "store", "sqlite"])
@pytest.mark.parametrize("how", ["sync", "async"])
def test_an_interrupt_that_is_resumed_by_several_workers_makes_the_write_once(
    share: str, how: str, tmp_path: Any
) -> None:
    desk = SlowDesk(str(tmp_path / "desk.db"))
    desk.asks = {"refund"}
    saver, memory = InMemorySaver(), RunMemory()
    path = str(tmp_path / "store.db")
    if share == "sqlite":
        with SqliteStore.from_conn_string(path) as first:
            first.setup()
    slow = SlowStore()

    def tools() -> list[Any]:
        """Of one process; not made by the workers, because LangChain changes the filters of warnings meanwhile."""
        known = memory if share == "memory" else RunMemory()
        built = MetaToolkit(plan=plan_of(desk.tools, HELP), tools=desk.tools, memory=known)
        return [*desk.tools, *built.get_tools()]

    def work(made: list[Any], given: Any, *script: Any) -> Any:
        if share == "sqlite":
            with SqliteStore.from_conn_string(path) as store:
                agent = new_agent("create_agent", model_of(*script), made, checkpointer=saver, store=store)
                return _run(agent, given, "sync")
        store = slow if share == "store" else None
        agent = new_agent("create_agent", model_of(*script), made, checkpointer=saver, store=store)
        return _run(agent, given, how)

    work(tools(), ask(), call("help_user", email="a@b"))
    made = [tools() for _ in range(WORKERS)]
    states = _at_once(lambda number: work(made[number], Command(resume="yes"), "ok"))
    assert desk.calls("refund") == [("refund", "A:yes")]
    assert len(desk.calls("note")) == 1
    told = [json.loads(message.content)["status"] for state in states for message in tool_messages(state)]
    assert set(told) == {"completed"}


def _run(agent: Any, given: Any, how: str) -> Any:
    return agent.invoke(given, THREAD) if how == "sync" else asyncio.run(agent.ainvoke(given, THREAD))


def test_a_resume_token_that_several_workers_use_makes_the_write_once(tmp_path: Any) -> None:
    desk = SlowDesk(str(tmp_path / "desk.db"))
    desk.broken["refund"] = 1
    built = MetaToolkit(plan=plan_of(desk.tools, HELP), tools=desk.tools, memory=RunMemory())
    (tool,) = built.get_tools()
    token = json.loads(tool.invoke({"email": "a@b"}))["resume_token"]
    told = _at_once(lambda _: json.loads(tool.invoke({"email": "a@b", "resume_token": token})))
    assert [each["status"] for each in told] == ["completed"] * WORKERS
    assert len(desk.calls("note")) == len(desk.calls("refund")) == 1


async def test_tasks_of_one_event_loop_wait_for_each_other(desk: Desk, toolkit: Any) -> None:
    desk.broken["refund"] = 1
    (tool,) = toolkit(HELP).get_tools()
    token = json.loads(await tool.ainvoke({"email": "a@b"}))["resume_token"]
    again = [tool.ainvoke({"email": "a@b", "resume_token": token}) for _ in range(WORKERS)]
    told = [json.loads(each)["status"] for each in await asyncio.gather(*again)]
    assert told == ["completed"] * WORKERS
    assert len(desk.calls("refund")) == 1


@pytest.mark.parametrize("round_", range(10))
def test_of_several_claims_to_one_write_at_most_one_holds(round_: int) -> None:
    store = SlowStore() if round_ % 2 else InMemoryStore()

    def claim(number: int) -> bool:
        settle(journal_store.claim("run", "write", str(number)), store)
        return settle(journal_store.other_claim("run", "write", str(number)), store) is None

    assert sum(_at_once(claim)) <= 1


def test_a_write_whose_worker_died_is_reported_and_made_by_nobody(desk: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr("langchain_awo.runtime.executor.performing.PATIENCE", 0.1)
    store, saver = InMemoryStore(), InMemorySaver()
    desk.asks = {"note"}

    def work(given: Any, *script: Any) -> Any:
        built = MetaToolkit(plan=plan_of(desk.tools, HELP), tools=desk.tools, memory=RunMemory())
        tools = [*desk.tools, *built.get_tools()]
        return new_agent("create_agent", model_of(*script), tools, checkpointer=saver, store=store).invoke(
            given, THREAD
        )

    work(ask(), call("help_user", email="a@b"))
    (run,) = {item.namespace[2] for item in store.search(("awo", "runs"), limit=100)}
    (entry,) = [
        Entry(**item.value) for item in store.search(("awo", "runs", run)) if item.value.get("tool") == "note"
    ]
    settle(journal_store.claim(run, entry.key, "of a worker that died"), store)
    (message,) = tool_messages(work(Command(resume="yes"), "ok"))
    assert "nobody saw it end" in json.loads(message.content)["failed"]["error"]
    assert desk.calls("note") == []
