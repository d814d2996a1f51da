"""What a forked child must make anew: locks that nobody there will release, and runs that are the parent's to write."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from typing import Final, Protocol


class Forkable(Protocol):
    """Something with state that a child process must not share with its parent."""

    def after_fork(self) -> None:
        """Starts afresh; runs in the child, whose only thread is the one that called `os.fork`."""


class Holdable(Protocol):
    """Something that must not be at work while its process forks."""

    def hold(self) -> None:
        """Comes to rest, and stays there."""

    def let_go(self) -> None:
        """Goes on; runs in the parent."""


_KNOWN: Final[weakref.WeakSet[Forkable]] = weakref.WeakSet()
_HELD: Final[weakref.WeakSet[Holdable]] = weakref.WeakSet()
_AT_EXIT: Final[list[Callable[[], None]]] = []


def reset_in_child(thing: Forkable) -> None:
    """Has `after_fork` called in every child that is forked from now on, for as long as the thing lives."""
    _KNOWN.add(thing)


def hold_during_fork(thing: Holdable) -> None:
    """Has `hold` called before every fork and `let_go` after it."""
    _HELD.add(thing)


def run_at_exit_of_child(close: Callable[[], None]) -> None:
    """Has a function called when a child of `multiprocessing` ends, which skips what `atexit` knows."""
    _AT_EXIT.append(close)


def _hold_all() -> None:
    for thing in list(_HELD):
        thing.hold()


def _let_all_go() -> None:
    for thing in list(_HELD):
        thing.let_go()


def _reset_all() -> None:
    for thing in list(_KNOWN):
        thing.after_fork()
    util = sys.modules.get("multiprocessing.util")
    if util is not None:  # it forgets its finalizers after a fork, then runs what is registered here
        util.register_after_fork(_reset_all, _finalize_with)


def _finalize_with(_: object) -> None:
    util = sys.modules["multiprocessing.util"]
    for close in _AT_EXIT:
        util.Finalize(None, close, exitpriority=0)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold_all, after_in_parent=_let_all_go, after_in_child=_reset_all)
