"""Two thin drivers of the stepping core: one with threads, one with tasks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_all
from contextvars import copy_context
from typing import Final, TypeAlias

from langchain_core.runnables.config import ContextThreadPoolExecutor

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.stepping.execution import Sources, execute
from langchain_awo.model.stepping.outcome import Failed, OriginalCall, Outcome, Result
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.runtime.inner.calling import describe_failure
from langchain_awo.runtime.outcome import Limits

Order: TypeAlias = Callable[[OriginalCall], int] | None

GRACE: Final = 1.0
"""Seconds that an async call which took too long is given to end once it was cancelled."""


def drive(
    meta_tool: MetaTool,
    parameters: Mapping[str, JSONValue],
    perform: Callable[[OriginalCall], Outcome],
    *,
    limits: Limits,
    order: Order = None,
    sources: Sources | None = None,
) -> Result:
    """Runs a meta-tool in this thread, its independent reads in a bounded pool of threads.

    A lone call without a time limit stays in this thread. When calls raise what must pass through, such as
    interrupts, the others of their group are finished first.

    Args:
        meta_tool: what to run.
        parameters: what it was called with.
        perform: makes one call.
        limits: concurrency and time.
        order: makes the calls of a group one by one, by this key, and no more after one that failed.
        sources: of the meta-tool, if they are known already.
    """
    stepping = execute(meta_tool, parameters, budget=limits.calls, sources=sources)
    outcomes: list[Outcome | None] | None = None
    try:
        while True:
            group = next(stepping) if outcomes is None else stepping.send(outcomes)
            outcomes = (
                _perform(group, perform, limits)
                if order is None
                else _perform_in_order(group, perform, limits, order)
            )
    except StopIteration as end:
        result: Result = end.value
        return result


async def adrive(
    meta_tool: MetaTool,
    parameters: Mapping[str, JSONValue],
    perform: Callable[[OriginalCall], Awaitable[Outcome]],
    *,
    limits: Limits,
    order: Order = None,
    sources: Sources | None = None,
) -> Result:
    """Runs a meta-tool in this event loop, its independent reads in a bounded number of tasks; as `drive`."""
    stepping = execute(meta_tool, parameters, budget=limits.calls, sources=sources)
    outcomes: list[Outcome | None] | None = None
    try:
        while True:
            group = next(stepping) if outcomes is None else stepping.send(outcomes)
            outcomes = await (
                _aperform(group, perform, limits)
                if order is None
                else _aperform_in_order(group, perform, limits, order)
            )
    except StopIteration as end:
        result: Result = end.value
        return result


def _perform_in_order(
    group: Sequence[OriginalCall],
    perform: Callable[[OriginalCall], Outcome],
    limits: Limits,
    order: Callable[[OriginalCall], int],
) -> list[Outcome | None]:
    outcomes: list[Outcome | None] = [None] * len(group)
    for at in sorted(range(len(group)), key=lambda at: order(group[at])):
        (outcomes[at],) = _perform([group[at]], perform, limits)
        if isinstance(outcomes[at], Failed):
            break
    return outcomes


def _perform(
    group: Sequence[OriginalCall], perform: Callable[[OriginalCall], Outcome], limits: Limits
) -> list[Outcome | None]:
    if limits.timeout is not None:
        at_once = limits.concurrency
        parts = (group[start : start + at_once] for start in range(0, len(group), at_once))
        return [outcome for part in parts for outcome in _perform_in_time(part, perform, limits.timeout)]
    if len(group) == 1 or limits.concurrency == 1:
        return [perform(call) for call in group]
    pool = ContextThreadPoolExecutor(max_workers=min(len(group), limits.concurrency))
    try:
        futures = [pool.submit(perform, call) for call in group]
        wait_for_all(futures)
        return [future.result() for future in futures]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _perform_in_time(
    part: Sequence[OriginalCall], perform: Callable[[OriginalCall], Outcome], timeout: float
) -> list[Outcome]:
    """Each call in a thread of its own: neither the agent nor the end of the program waits for one that never comes back."""
    futures = [_start_in_thread(perform, call) for call in part]
    wait_for_all(futures, timeout)
    return [future.result() if future.done() else _build_timeout_failure(timeout) for future in futures]


def _start_in_thread(perform: Callable[[OriginalCall], Outcome], call: OriginalCall) -> Future[Outcome]:
    future: Future[Outcome] = Future()

    def work() -> None:
        try:
            future.set_result(perform(call))
        except BaseException as error:  # noqa: BLE001  # raised again where the result is taken
            future.set_exception(error)

    threading.Thread(target=copy_context().run, args=(work,), daemon=True, name="awo-step").start()
    return future


async def _aperform_in_order(
    group: Sequence[OriginalCall],
    perform: Callable[[OriginalCall], Awaitable[Outcome]],
    limits: Limits,
    order: Callable[[OriginalCall], int],
) -> list[Outcome | None]:
    outcomes: list[Outcome | None] = [None] * len(group)
    for at in sorted(range(len(group)), key=lambda at: order(group[at])):
        (outcomes[at],) = await _aperform([group[at]], perform, limits)
        if isinstance(outcomes[at], Failed):
            break
    return outcomes


async def _aperform(
    group: Sequence[OriginalCall], perform: Callable[[OriginalCall], Awaitable[Outcome]], limits: Limits
) -> list[Outcome | None]:
    if limits.timeout is None and len(group) == 1:
        return [await perform(group[0])]
    room = asyncio.Semaphore(limits.concurrency)

    async def one(call: OriginalCall) -> Outcome:
        async with room:
            return await (
                perform(call) if limits.timeout is None else _aperform_in_time(perform(call), limits.timeout)
            )

    if len(group) == 1:
        return [await one(group[0])]
    ended = await asyncio.gather(*(one(call) for call in group), return_exceptions=True)
    for reply in ended:
        if isinstance(reply, BaseException):
            raise reply
    return [reply for reply in ended if not isinstance(reply, BaseException)]


async def _aperform_in_time(performing: Awaitable[Outcome], timeout: float) -> Outcome:  # noqa: ASYNC109  # one that takes no notice of being cancelled must not hold us up
    task = asyncio.ensure_future(performing)
    try:
        done, _ = await asyncio.wait({task}, timeout=timeout)
        if done:
            return task.result()
        task.cancel()
        await asyncio.wait({task}, timeout=GRACE)
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task}, timeout=GRACE)
        raise
    task.add_done_callback(_forget)
    return _build_timeout_failure(timeout)


def _forget(task: asyncio.Future[Outcome]) -> None:
    """Takes notice of an exception that nobody waits for any more."""
    if not task.cancelled():
        task.exception()


def _build_timeout_failure(timeout: float) -> Outcome:
    return describe_failure(
        TimeoutError(f"no answer within {timeout:g} seconds; it may have taken effect anyway")
    )
