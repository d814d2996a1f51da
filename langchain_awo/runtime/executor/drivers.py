"""Two thin drivers of the stepping core: one with threads, one with tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_all
from typing import TypeAlias

from langchain_core.runnables.config import ContextThreadPoolExecutor

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.stepping.execution import Sources, execute
from langchain_awo.model.stepping.outcome import Failed, OriginalCall, Outcome, Result
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.runtime.inner.calling import failed
from langchain_awo.runtime.outcome import Limits

Order: TypeAlias = Callable[[OriginalCall], int] | None


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
                else _one_by_one(group, perform, limits, order)
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
                else _aone_by_one(group, perform, limits, order)
            )
    except StopIteration as end:
        result: Result = end.value
        return result


def _one_by_one(
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
    if limits.timeout is None and (len(group) == 1 or limits.concurrency == 1):
        return [perform(call) for call in group]
    pool = ContextThreadPoolExecutor(max_workers=min(len(group), limits.concurrency))
    try:
        futures = [pool.submit(perform, call) for call in group]
        if limits.timeout is None:
            wait_for_all(futures)
        return [_outcome(future, limits.timeout) for future in futures]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _outcome(future: Future[Outcome], timeout: float | None) -> Outcome:
    try:
        return future.result(timeout)
    except TimeoutError:
        return _too_slow(timeout)


async def _aone_by_one(
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
            try:
                return await asyncio.wait_for(perform(call), limits.timeout)
            except TimeoutError:
                return _too_slow(limits.timeout)

    if len(group) == 1:
        return [await one(group[0])]
    ended = await asyncio.gather(*(one(call) for call in group), return_exceptions=True)
    for each in ended:
        if isinstance(each, BaseException):
            raise each
    return [each for each in ended if not isinstance(each, BaseException)]


def _too_slow(timeout: float | None) -> Outcome:
    return failed(TimeoutError(f"no answer within {timeout:g} seconds; it may still have taken effect"))
