"""Steps that ask a store, written once as generators, and the store's answers to them, sync and async."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any, NamedTuple, TypeAlias, TypeVar

from langchain_awo.runtime.inner.waiting import block_on, wait_for

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

    def answer(wanted: StoreRequest | Pause | Make) -> Any:
        if isinstance(wanted, StoreRequest):
            return getattr(store, wanted.method)(*wanted.args, **wanted.options)
        if isinstance(wanted, Pause):
            return time.sleep(wanted.seconds)
        return make() if make is not None else None

    return block_on(asking, answer)


async def asettle(asking: Asking[T], store: Any, make: Callable[[], Awaitable[Any]] | None = None) -> T:
    """Async form of `settle`."""

    async def answer(wanted: StoreRequest | Pause | Make) -> Any:
        if isinstance(wanted, StoreRequest):
            return await getattr(store, f"a{wanted.method}")(*wanted.args, **wanted.options)
        if isinstance(wanted, Pause):
            return await asyncio.sleep(wanted.seconds)
        return await make() if make is not None else None

    return await wait_for(asking, answer)
