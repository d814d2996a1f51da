"""Code that waits, written once as a generator, and its two drivers: one blocks a thread, one awaits.

A generator yields what it waits for, is given the result or has the exception raised at that place, and returns its own::

    def read(tool: BaseTool) -> Waiting[str]:
        answer = yield Wait(partial(tool.invoke, {}), partial(tool.ainvoke, {}))
        return str(answer)
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")


class Wait(NamedTuple):
    """One thing to wait for, in both ways.

    Attributes:
        block: returns the result.
        arrive: returns an awaitable of the same.
    """

    block: Callable[[], Any]
    arrive: Callable[[], Awaitable[Any]]


Waiting: TypeAlias = Generator[Wait, Any, T]
"""Yields what it waits for, and returns what it is about."""


def await_call(function: Callable[..., Any], *args: Any) -> Wait:
    """Waits for a function that is async where the driver is."""
    bound = partial(function, *args)
    return Wait(bound, bound)


def await_future(future: Future[T]) -> Wait:
    """Waits for a result that others set; whoever stops waiting does not cancel it for them."""
    return Wait(future.result, lambda: asyncio.shield(asyncio.wrap_future(future)))


def block_on(waiting: Generator[Any, Any, T], answer: Callable[[Any], Any] = lambda wait: wait.block()) -> T:
    """Drives a generator in this thread, and returns what it returns.

    Args:
        waiting: what to drive. Every exception of an answer is raised inside it, cancellation too.
        answer: the result of something it yields.
    """
    result: Any = None
    error: BaseException | None = None
    while True:
        try:
            wanted = waiting.send(result) if error is None else waiting.throw(error)
        except StopIteration as end:
            value: T = end.value
            return value
        result, error = None, None
        try:
            result = answer(wanted)
        except BaseException as raised:  # noqa: BLE001  # whatever it is, the generator decides
            error = raised


async def wait_for(
    waiting: Generator[Any, Any, T], answer: Callable[[Any], Awaitable[Any]] = lambda wait: wait.arrive()
) -> T:
    """Drives a generator in this event loop; async form of `block_on`."""
    result: Any = None
    error: BaseException | None = None
    while True:
        try:
            wanted = waiting.send(result) if error is None else waiting.throw(error)
        except StopIteration as end:
            value: T = end.value
            return value
        result, error = None, None
        try:
            result = await answer(wanted)
        except BaseException as raised:  # noqa: BLE001  # as in block_on
            error = raised
