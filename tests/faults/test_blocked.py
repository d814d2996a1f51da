"""A tool that never comes back holds up its own call and nothing else."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

from langchain_core.tools import tool

from langchain_awo.model.ir.binding import Constant, Item
from langchain_awo.model.ir.metatool import Map
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.executor import drivers
from langchain_awo.runtime.journal.journal import RunMemory
from langchain_awo.runtime.outcome import Limits
from langchain_awo.runtime.tool.lowering import lower
from tests.runtime.desk import routine, step

REQUEST: Any = {"name": "help_user", "args": {"email": "a@b"}, "id": "c", "type": "tool_call"}


def looking(count: int, limits: Limits, *tools: Any) -> Any:
    """A meta-tool that looks at so many places, all at once."""
    over = Map(source=Constant(value=list(range(count))), limit=count)
    look = step("look", Effect.READ, args={"place": Item()}, over=over)
    return lower(routine("help_user", look), list(tools), limits=limits, memory=RunMemory())


def test_several_calls_that_never_end_take_one_time_limit_and_a_daemon_each() -> None:
    """The end of the program waits for no daemon; `test_shutdown` ends one."""
    begun = threading.Semaphore(0)
    release = threading.Event()
    daemons: list[bool] = []

    @tool
    def look(place: int) -> str:
        """Never comes back."""
        daemons.append(threading.current_thread().daemon)
        begun.release()
        release.wait()
        return "late"

    lowered = looking(6, Limits(timeout=0.05, concurrency=3), look)
    told: list[Any] = []
    caller = threading.Thread(target=lambda: told.append(json.loads(lowered.invoke(REQUEST).content)))
    caller.start()
    for _ in range(6):
        assert begun.acquire(timeout=60)
    caller.join(60)
    release.set()
    assert "no answer within 0.05 seconds; it may have taken effect anyway" in told[0]["failed"]["error"]
    assert daemons == [True] * 6


def test_other_threads_go_on_while_a_call_without_a_time_limit_never_ends() -> None:
    release = threading.Event()

    @tool
    def look(place: int) -> str:
        """Never comes back for the first place."""
        if place == 0 and threading.current_thread().name == "stuck":
            release.wait()
        return "seen"

    lowered = looking(1, Limits(), look)
    stuck = threading.Thread(target=lowered.invoke, args=(REQUEST,), name="stuck")
    stuck.start()
    try:
        for number in range(20):
            assert (
                json.loads(lowered.invoke({**REQUEST, "id": f"c{number}"}).content)["status"] == "completed"
            )
        assert stuck.is_alive()
    finally:
        release.set()
        stuck.join(60)


async def test_an_async_call_that_takes_no_notice_of_being_cancelled_is_handed_back(monkeypatch: Any) -> None:
    monkeypatch.setattr(drivers, "GRACE", 0.01)
    release = asyncio.Event()

    @tool
    async def look(place: int) -> str:
        """Goes on whatever happens."""
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        raise RuntimeError("nobody hears of this")

    lowered = looking(1, Limits(timeout=0.05), look)
    try:
        told = json.loads((await asyncio.wait_for(lowered.ainvoke(REQUEST), 20)).content)
    finally:
        release.set()
        await asyncio.sleep(0)
    assert "TimeoutError" in told["failed"]["error"]
