"""Steps that ask a store, written once as generators, and their two thin drivers: one waits, one awaits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")


class StoreRequest(NamedTuple):
    """A method of a `BaseStore`, by its sync name, and what to call it with."""

    method: str
    args: tuple[Any, ...]
    options: dict[str, Any]


class Pause(NamedTuple):
    """Some time to let others go on."""

    seconds: float


class Make(NamedTuple):
    """The call itself is to be made now."""


Asking: TypeAlias = Generator[StoreRequest | Pause | Make, Any, T]
"""Asks, is given the answers or the exceptions, and returns what it is about."""


def ask(method: str, *args: Any, **options: Any) -> Asking[Any]:
    """Asks the store."""
    return (yield StoreRequest(method, args, options))


def settle(asking: Asking[T], store: Any, make: Callable[[], Any] | None = None) -> T:
    """Drives it, and returns what it returns.

    Args:
        asking: what to drive; it asks nothing of the store if there is none.
        store: a `BaseStore`, or what has its methods.
        make: makes the call, if there is one.
    """
    answer: Any = None
    error: Exception | None = None
    while True:
        try:
            wanted = asking.send(answer) if error is None else asking.throw(error)
        except StopIteration as end:
            value: T = end.value
            return value
        answer, error = None, None
        try:
            if isinstance(wanted, StoreRequest):
                answer = getattr(store, wanted.method)(*wanted.args, **wanted.options)
            elif isinstance(wanted, Pause):
                time.sleep(wanted.seconds)
            elif make is not None:
                answer = make()
        except Exception as raised:  # noqa: BLE001  # whatever it is, the asking part decides
            error = raised


async def asettle(asking: Asking[T], store: Any, make: Callable[[], Awaitable[Any]] | None = None) -> T:
    """Async form of `settle`."""
    answer: Any = None
    error: Exception | None = None
    while True:
        try:
            wanted = asking.send(answer) if error is None else asking.throw(error)
        except StopIteration as end:
            value: T = end.value
            return value
        answer, error = None, None
        try:
            if isinstance(wanted, StoreRequest):
                answer = await getattr(store, f"a{wanted.method}")(*wanted.args, **wanted.options)
            elif isinstance(wanted, Pause):
                await asyncio.sleep(wanted.seconds)
            elif make is not None:
                answer = await make()
        except Exception as raised:  # noqa: BLE001  # as in settle
            error = raised
