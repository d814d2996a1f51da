"""Prefetch mode: how much is read ahead, and when that ends."""

import asyncio
import threading
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from langchain.agents.middleware import AgentMiddleware
from langchain_core.messages import HumanMessage

from langchain_awo.runtime.outcome import Limits
from langchain_awo.testing import ask_tools
from tests.runtime.clinic import EACH, FIND, ROUTINE, VISITS, Clinic, agent_of, ask, go

LOOKS = (
    ask("find_patient", email="x@y"),
    ask("list_visits", patient="x"),
    ask("get_visit", visit="x1"),
    ask("get_visit", visit="x2"),
    "done",
)
THINKS = 0.25


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def clinic(request: pytest.FixtureRequest) -> Clinic:
    return Clinic(is_async=request.param, seconds=0.01)


def _counts(usage: Counter[tuple[str, str]], what: str) -> int:
    return sum(number for (_, key), number in usage.items() if key == what)


def test_a_turn_has_a_budget(clinic: Clinic) -> None:
    agent, installed = agent_of(clinic, *LOOKS, thinks=THINKS, prefetch_limits=Limits(calls=2, concurrency=1))
    go(agent, clinic)
    assert installed.usage["patient_overview", "prefetched"] <= 2
    assert clinic.calls("get_visit") == ["x1", "x2"]


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_so_many_are_read_at_once_and_no_more(is_async: bool) -> None:  # noqa: FBT001  # a parameter of pytest
    wide = ask_tools(*(("find_patient", {"email": f"{name}@y"}) for name in "abc"))
    for at_once, asked, reads in ((1, ask("find_patient", email="q@y"), 3), (2, wide, 9)):
        watching = Watching(clinic := Clinic(is_async=is_async, seconds=0.01), at_once=at_once, reads=reads)
        limits = Limits(calls=9, concurrency=at_once)
        agent, installed = agent_of(clinic, asked, "done", middleware=[watching], prefetch_limits=limits)
        go(agent, clinic)
        assert installed.usage["patient_overview", "prefetched"] == reads
        assert watching.most == at_once


class Watching(AgentMiddleware):
    """Counts what is read ahead; until so many have met, none of them ends, and the model waits for them all.

    Attributes:
        most: so many were read at once.
    """

    def __init__(self, clinic: Clinic, *, at_once: int, reads: int) -> None:
        self.at_once, self.left, self.going, self.most = at_once, reads, 0, 0
        self.lock = threading.Lock()
        self.until = time.monotonic() + 60
        self.begin, self.end = clinic._begin, clinic._end
        clinic._begin, clinic._end = self.count_begin, self.count_end  # type: ignore[method-assign]
        clinic.holds = self.is_alone

    def is_alone(self, tool: str) -> bool:
        return tool != "find_patient" and self.most < self.at_once and time.monotonic() < self.until

    def count_begin(self, name: str, known: dict[str, Any]) -> tuple[str, str]:
        self.count(name, 1)
        return self.begin(name, known)

    def count_end(self, call: tuple[str, str], value: Any) -> Any:
        self.count(call[0], -1)
        return self.end(call, value)

    def count(self, tool: str, change: int) -> None:
        with self.lock:
            self.going += change * (tool != "find_patient")
            self.left -= change < 0 and tool != "find_patient"
            self.most = max(self.most, self.going)

    def is_read(self, state: Any) -> bool:
        return state["messages"][-1].type != "tool" or not self.left or time.monotonic() > self.until

    def before_model(self, state: Any, runtime: Any) -> None:
        while not self.is_read(state):
            time.sleep(0.005)

    async def abefore_model(self, state: Any, runtime: Any) -> None:
        while not self.is_read(state):  # noqa: ASYNC110  # it changes in threads too
            await asyncio.sleep(0.005)


def test_a_run_that_ends_cancels_and_counts(clinic: Clinic) -> None:
    clinic.seconds = 1.5  # longer than the rest of the run takes anywhere
    agent, installed = agent_of(clinic, LOOKS[0], "done")
    go(agent, clinic)
    assert installed.usage["patient_overview", "unused"] == 1
    while not (clinic.is_async or ("list_visits", "x") in clinic.ended):
        time.sleep(0.01)
    time.sleep(0.1)
    assert clinic.calls("get_visit") == []  # nothing goes on after the end
    assert clinic.ended.count(("list_visits", "x")) == (
        0 if clinic.is_async else 1
    )  # a thread cannot be stopped


def test_a_model_call_that_fails_or_is_cancelled_ends_it_too() -> None:
    clinic = Clinic(is_async=True, seconds=0.4)
    agent, installed = agent_of(clinic, LOOKS[0], "done", thinks=0.4)

    async def give_up() -> None:
        task = asyncio.create_task(agent.ainvoke({"messages": [("user", "help")]}))
        while ("list_visits", "x") not in clinic.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.15)  # the second call of the model has begun
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.5)

    asyncio.run(give_up())
    assert ("list_visits", "x") in clinic.started
    assert ("list_visits", "x") not in clinic.ended
    assert installed.usage["patient_overview", "unused"] == 1


def test_a_routine_without_eager_reads_does_nothing(clinic: Clinic) -> None:
    lazy = replace(ROUTINE, steps=(FIND, replace(VISITS, eager=False), EACH))
    agent, installed = agent_of(clinic, *LOOKS, thinks=THINKS, meta_tools=(lazy,))
    go(agent, clinic)
    assert not installed.usage


def test_a_new_wish_of_the_user_in_the_middle_of_a_run_ends_what_is_under_way(clinic: Clinic) -> None:
    """As where a middleware puts in what the user said meanwhile."""

    class Barge(AgentMiddleware):
        def before_model(self, state: Any, runtime: Any) -> Any:
            spoken = sum(each.type == "ai" for each in state["messages"])
            return {"messages": [HumanMessage("once more")]} if spoken == 1 else None

    agent, installed = agent_of(clinic, *LOOKS[:2], "done", thinks=THINKS, middleware=[Barge()])
    go(agent, clinic)
    assert clinic.calls("list_visits") == ["x", "x"]
    assert _counts(installed.usage, "served") == 0
