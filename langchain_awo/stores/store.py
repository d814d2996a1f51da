"""What every trace store can do."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator
from types import TracebackType
from typing import Self, TypeAlias

from langchain_awo.errors import TornRecordError
from langchain_awo.model.trace import Trace

OnTorn: TypeAlias = Callable[[TornRecordError], None]
"""Called with each record that cannot be read; the reading goes on after it."""

logger = logging.getLogger(__name__)


def log_torn(error: TornRecordError) -> None:
    """Reports a record that cannot be read as a warning of this module's logger."""
    logger.warning("skipped %s", error)


class TraceStore(ABC):
    """Where traces live. Every method may be called from any thread.

    Stores made by `open_store` are context managers that close themselves.
    """

    @property
    @abstractmethod
    def url(self) -> str:
        """What `open_store` needs to open this store again."""

    @abstractmethod
    def append(self, traces: Iterable[Trace]) -> None:
        """Stores traces; one whose id is already stored takes the place of the earlier one, at the end.

        Traces are written in batches as they come, each batch whole or not at all. A trace that cannot be stored
        does not keep the others out.

        Raises:
            StoreError: a batch could not be written, or (after all others were) a trace could not be stored.
        """

    @abstractmethod
    def traces(
        self,
        *,
        domain: str | None = None,
        model: str | None = None,
        task_ids: Collection[str] | None = None,
        thread_id: str | None = None,
        since: float | None = None,
        on_error: OnTorn | None = None,
    ) -> Iterator[Trace]:
        """The stored traces that meet every condition given, in stored order, a few in memory at a time.

        Traces that are appended while the iteration goes on may or may not be part of it.

        Args:
            domain: only traces of this domain.
            model: only traces of this model.
            task_ids: only traces of these tasks.
            thread_id: only traces of this thread.
            since: only traces that started at this time or later, in seconds since the epoch.
            on_error: called with each record that cannot be read, such as `log_torn`; the others follow.

        Raises:
            TornRecordError: a record cannot be read and there is no `on_error`.
            StoreError: the store cannot be read.
        """

    @abstractmethod
    def get(self, trace_id: str) -> Trace:
        """The trace with this id.

        Raises:
            KeyError: there is none.
            TornRecordError: it cannot be read.
        """

    @abstractmethod
    def __len__(self) -> int:
        """How many traces are stored."""

    def release(self) -> None:  # noqa: B027  # most stores hold nothing
        """Lets go of connections that are not in use; new ones are made when they are needed."""

    @abstractmethod
    def close(self) -> None:
        """Lets go of files and connections; the store may not be used afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
