"""What every trace store can do."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias

from langchain_awo.errors import StoreError, TornRecordError
from langchain_awo.model.trace.trace import Trace
from langchain_awo.stores.scope import Scope, ScopeKey
from langchain_awo.stores.selection import Portion, Selection
from langchain_awo.stores.summary import StoreSummary, summarize

if TYPE_CHECKING:
    from langchain_awo.model.trace.outline import Outlines

OnTorn: TypeAlias = Callable[[TornRecordError], None]
"""Called with each record that cannot be read; the reading goes on after it."""

logger = logging.getLogger(__name__)


def log_torn(error: TornRecordError) -> None:
    """Reports a record that cannot be read as a warning of this module's logger."""
    logger.warning("skipped %s", error)


class TraceStore(ABC):
    """Where traces live. Every method may be called from any thread.

    Stores made by `open_store` are context managers that close themselves. A store of your own implements the
    abstract methods, and `remove` and `vacuum` if it can.

    Attributes:
        scope: what this handle is limited to.
    """

    scope: Scope = Scope()

    @property
    @abstractmethod
    def url(self) -> str:
        """What `open_store` needs to open this store again, its scope and any password included."""

    @abstractmethod
    def append(self, traces: Iterable[Trace]) -> None:
        """Stores traces; one whose id is already stored in the same scope replaces the earlier one, at the end.

        Traces are written in batches as they come, each batch whole or not at all. A trace that cannot be stored
        does not keep the others out.

        Raises:
            StoreError: a batch could not be written, or (after all others were) a trace could not be stored.
        """

    @abstractmethod
    def read(
        self, wanted: Selection, *, outputs: bool = True, on_error: OnTorn | None = None
    ) -> Iterator[tuple[ScopeKey, Trace]]:
        """The traces of a selection with the labels they are stored under; `traces` makes it, with this handle's scope.

        Raises:
            TornRecordError: a record cannot be read and there is no `on_error`.
            StoreError: the store cannot be read.
        """

    @abstractmethod
    def __len__(self) -> int:
        """How many traces are stored."""

    @abstractmethod
    def close(self) -> None:
        """Releases files and connections; the store may not be used afterwards."""

    def traces(
        self,
        *,
        domain: str | None = None,
        model: str | None = None,
        task_ids: Collection[str] | None = None,
        thread_id: str | None = None,
        user: str | None = None,
        since: float | None = None,
        before: float | None = None,
        outputs: bool = True,
        on_error: OnTorn | None = None,
    ) -> Iterator[Trace]:
        """The stored traces that meet every condition given, in stored order, a few in memory at a time.

        Traces that are appended while the iteration goes on may or may not be part of it.

        Args:
            domain: only traces of this domain.
            model: only traces of this model.
            task_ids: only traces of these tasks.
            thread_id: only traces of this thread.
            user: only traces whose metadata names this user, see `selection.user_of`.
            since: only traces that started at this time or later, in seconds since the epoch.
            before: only traces that started before this time.
            outputs: read what tools returned; without it every `ToolCallRecord.output` is `None` and reading is
                faster: enough for counting which tools were called in which order.
            on_error: called with each record that cannot be read, such as `log_torn`; the others follow.

        Raises:
            TornRecordError: a record cannot be read and there is no `on_error`.
            StoreError: the store cannot be read.
        """
        wanted = Selection.of(
            scope=self.scope,
            domain=domain,
            model=model,
            task_ids=task_ids,
            thread_id=thread_id,
            user=user,
            since=since,
            before=before,
        )
        return (trace for _, trace in self.read(wanted, outputs=outputs, on_error=on_error))

    def outlines(self, wanted: Selection, *, on_error: OnTorn | None = None) -> Iterator[Outlines]:
        """What is counted of the traces of a selection, some at a time and in any order, and a way to read any of them as a whole.

        A store with columns reads only those of them that tell this, and the others for the traces that are read as a whole: what
        is damaged there is found only in these. Other stores read everything.

        Raises:
            TornRecordError: a record cannot be read and there is no `on_error`.
            StoreError: the store cannot be read.
        """
        from langchain_awo.model.trace.outline import outline_traces  # noqa: PLC0415  # loads numpy, not needed to record

        return outline_traces(trace for _, trace in self.read(wanted, on_error=on_error))

    def portions(self, size: int) -> list[Portion]:  # noqa: ARG002  # stores that can be read in portions use it
        """Stretches of about so many traces that together hold all there are now; none if it is read in one piece.

        Where a store has only grown since, all but the last are as they were.
        """
        return []

    def get(self, trace_id: str) -> Trace:
        """The trace with this id; of several in a scope that spans tenants, the one stored last.

        Raises:
            KeyError: there is none.
            TornRecordError: it cannot be read.
        """
        found = list(self.read(Selection.of(scope=self.scope, trace_id=trace_id)))
        if not found:
            raise KeyError(trace_id)
        return found[-1][1]

    def delete(
        self,
        *,
        trace_id: str | None = None,
        thread_id: str | None = None,
        user: str | None = None,
        domain: str | None = None,
        before: float | None = None,
    ) -> int:
        """Deletes the traces in this handle's scope that meet every condition given; returns how many.

        Traces with no known start are never older than `before`.

        Raises:
            StoreError: no condition is given, or the store cannot be written.
        """
        wanted = Selection.of(
            scope=self.scope, trace_id=trace_id, thread_id=thread_id, user=user, domain=domain, before=before
        )
        if wanted.is_everything:
            raise StoreError("nothing was deleted: select traces by id, thread, user, domain or age")
        return self.remove(wanted)

    def remove(self, wanted: Selection) -> int:  # noqa: ARG002  # stores that can be written use it
        """Deletes the traces of a selection, for `delete`."""
        raise StoreError(f"{self.url} cannot be written; nothing was deleted")

    def vacuum(self) -> None:
        """Gives back the space of what was deleted or replaced.

        Raises:
            StoreError: the store cannot be written.
        """
        raise StoreError(f"{self.url} cannot be written; nothing was given back")

    def summarize(self) -> StoreSummary:
        """How much is stored, from when to when, and for whom."""
        return summarize(self.read(Selection(scope=self.scope), outputs=False, on_error=log_torn))

    def release(self) -> None:  # noqa: B027  # most stores hold nothing
        """Lets go of connections that are not in use; new ones are made when they are needed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
