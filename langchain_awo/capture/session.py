"""Sessions: a name and an outcome for everything that happens inside, for loops that have no root run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Self
from uuid import uuid4

from langchain_awo.capture.forking import reset_in_child
from langchain_awo.capture.state import Label
from langchain_awo.model.ir.option_kinds import MAPPING, TEXTS, check_options, whole_number
from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.text.json_value import JSONValue

_CURRENT: ContextVar[Session | None] = ContextVar("awo_session", default=None)


class Session:
    """A context, sync or async, whose runs form one trace.

    It reaches whatever runs in a copy of the context it was opened in, as tasks and LangChain's own threads do.
    Inside another session it stands alone: its runs are not part of the outer one's trace.

    >>> with Session("refund", task_id="42") as run:
    ...     run.succeeded()

    Attributes:
        trace_id: the id its trace will have.
        label: what is known about it.
    """

    def __init__(
        self,
        name: str,
        *,
        task_id: str | None = None,
        thread_id: str | None = None,
        trial: int | None = None,
        domain: str = "",
        tags: Sequence[str] = (),
        metadata: Mapping[str, JSONValue] | None = None,
    ) -> None:
        check_options(
            {"tags": TEXTS, "metadata": MAPPING.optional, "trial": whole_number(0).optional},
            {"tags": tags, "metadata": metadata, "trial": trial},
        )
        self.trace_id = str(uuid4())
        self.label = Label(
            task_id=None if task_id is None else str(task_id),  # a number of a database is an id too
            thread_id=None if thread_id is None else str(thread_id),
            trial=trial,
            domain=domain,
            tags=tuple(tags),
            metadata={"session": name, **to_json(metadata or {})},
        )
        self._lock = threading.Lock()
        reset_in_child(self)
        self._closed = False
        self._when_closed: list[Callable[[Session], None]] = []
        self._token: Token[Session | None] | None = None

    def after_fork(self) -> None:
        """Goes on in a child with a lock of its own."""
        self._lock = threading.Lock()

    def succeeded(self, success: bool = True) -> None:  # noqa: FBT001, FBT002  # reads as a sentence: succeeded(False)
        """Says how it went; to be said before the session ends."""
        self.label.success = success

    def when_closed(self, callback: Callable[[Session], None]) -> bool:
        """Registers what a recorder does at the end; `False` when the session is over already."""
        with self._lock:
            if not self._closed:
                self._when_closed.append(callback)
            return not self._closed

    def close(self) -> None:
        """Ends the session; runs that start later are not part of it."""
        with self._lock:
            self._closed = True
            callbacks, self._when_closed = self._when_closed, []
        for callback in callbacks:
            callback(self)

    def __enter__(self) -> Self:
        self._token = _CURRENT.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._token is not None:
            try:
                _CURRENT.reset(self._token)
            except ValueError:  # left in another context than it was entered in, as async generators do
                _CURRENT.set(None)
        self.close()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)


@contextmanager
def inside(session: Session) -> Iterator[None]:
    """The context of a session that goes on afterwards; may be entered any number of times."""
    token = _CURRENT.set(session)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def get_current_session() -> Session | None:
    """The innermost session around the caller."""
    return _CURRENT.get()
