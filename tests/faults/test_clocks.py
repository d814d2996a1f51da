"""Clocks that are set back, or that are not the same in two processes, make nobody wait and nothing happen twice."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command

import langchain_awo as awo
from langchain_awo.capture import parts
from langchain_awo.capture.state import Label, Recording
from langchain_awo.model.trace.thread import join_threads
from langchain_awo.runtime.executor import performing
from langchain_awo.runtime.journal import asking, journal_store, signing
from langchain_awo.runtime.journal.asking import settle
from langchain_awo.runtime.journal.journal import RunMemory
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from tests.runtime.desk import HELP, Desk, ask, call, model_of, new_agent, plan_of, tool_messages

THREAD: Any = {"configurable": {"thread_id": "t"}}


def test_the_claim_of_a_dead_worker_whose_clock_was_ahead_is_not_waited_out(
    tmp_path: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(performing, "PATIENCE", 0.05)
    naps = iter(range(200))
    nap = SimpleNamespace(sleep=lambda _: time.sleep(0.001 + 0 * next(naps)))  # raises where it is waited out
    monkeypatch.setattr(asking, "time", nap)
    desk, store, saver = Desk(str(tmp_path / "desk.db")), InMemoryStore(), InMemorySaver()
    desk.asks = {"note"}

    def work(given: Any, *script: Any) -> Any:
        built = MetaToolkit(plan=plan_of(desk.tools, HELP), tools=desk.tools, memory=RunMemory())
        tools = [*desk.tools, *built.get_tools()]
        agent = new_agent("create_agent", model_of(*script), tools, checkpointer=saver, store=store)
        return agent.invoke(given, THREAD)

    work(ask(), call("help_user", email="a@b"))
    (run,) = {item.namespace[2] for item in store.search(("awo", "runs"), limit=100)}
    (key,) = [item.key for item in store.search(("awo", "runs", run)) if item.value.get("tool") == "note"]
    settle(journal_store.claim(run, key, "of a worker that died"), store)
    (claims,) = [each for each in store.list_namespaces(prefix=("awo", "runs", run)) if "claims" in each]
    store.put(claims, "of a worker that died", {"at": time.time() + 3_600})
    (message,) = tool_messages(work(Command(resume="yes"), "ok"))
    assert "its result is unknown" in json.loads(message.content)["failed"]["error"]
    assert desk.calls("note") == []


def test_the_parts_of_a_long_run_keep_their_order_when_the_clock_is_set_back(monkeypatch: Any) -> None:
    recording = Recording(key="k", trace_id="t", started_at=1_000.0, label=Label())
    found = []
    for now in (2_000.0, 500.0, 600.0):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        found.append(parts.split(recording))
    starts = [part.started_at for part in found]
    assert starts == sorted(starts)
    assert all(part.ended_at >= part.started_at for part in found)


def test_turns_that_a_clock_brings_out_of_order_are_joined_in_no_wrong_order(
    tmp_path: Any, monkeypatch: Any
) -> None:
    """They count as conversations of their own: what is lost is what they would tell together."""
    desk, now = Desk(str(tmp_path / "desk.db")), [2_000.0, 500.0]
    model = model_of(call("find_user", email="a@b"), "ok", call("get_order", order_id="1"), "ok")
    agent = new_agent("create_agent", model, desk.tools, checkpointer=InMemorySaver())
    with awo.TraceRecorder(tmp_path / "traces.db") as recorder:
        for each in now:
            monkeypatch.setattr(time, "time", lambda each=each: each)
            agent.invoke(ask(), {**THREAD, "callbacks": [recorder]})
    monkeypatch.undo()
    with awo.open_store(tmp_path / "traces.db") as store:
        joined = join_threads(store.traces())
    assert [[each.name for each in trace.tool_calls] for trace in joined] in (
        [["find_user"], ["get_order"]],
        [["get_order"], ["find_user"]],
    )
    assert all((trace.ended_at or 0) >= (trace.started_at or 0) for trace in joined)


def test_a_resume_token_has_no_age(monkeypatch: Any) -> None:
    token = signing.sign("r" * 16, "thread", "user")
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert signing.verify(token, "thread", "user") == "r" * 16
