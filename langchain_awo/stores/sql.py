"""Traces in a database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import Connection, delete, select

from langchain_awo.errors import AwoError, StoreError
from langchain_awo.model.trace.trace import Trace
from langchain_awo.stores import sql_reading, sql_summary, sql_writing
from langchain_awo.stores.database import Database
from langchain_awo.stores.records import Batches, Record
from langchain_awo.stores.schema import ensure_schema
from langchain_awo.stores.scope import Scope, ScopeKey, with_query
from langchain_awo.stores.selection import Portion, Selection
from langchain_awo.stores.sql_reading import READ_AT_ONCE, FetchPage, Page, TraceReader
from langchain_awo.stores.store import OnTorn, TraceStore
from langchain_awo.stores.summary import StoreSummary
from langchain_awo.stores.tables import TOOLS

if TYPE_CHECKING:
    from langchain_awo.model.trace.outline import Outlines

_Result = TypeVar("_Result")

_ATTEMPTS: Final = 5
_PAUSE_SECONDS: Final = 0.05


class SqlTraceStore(TraceStore):
    """A store in a database.

    Args:
        database: where it lives.
        scope: what this handle is limited to.
        create: make the tables if there are none.
    """

    def __init__(self, database: Database, *, scope: Scope, create: bool = True) -> None:
        self.scope = scope
        self._database = database
        self._reader = TraceReader(database)
        try:
            self._reporting(lambda: ensure_schema(database, create=create), done="opened")
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """What `open_store` needs to open this store again."""
        if "://" not in self._database.url and self.scope.given:
            return with_query(f"sqlite:///{self._database.url}", self.scope.given.items())
        return with_query(self._database.url, self.scope.given.items())

    def append(self, traces: Iterable[Trace]) -> None:
        """See `TraceStore.append`."""
        self._check_writable()
        batches = Batches(traces)
        for batch in batches:
            try:
                self._store(batch)
            except _RecordError:
                self._store_one_by_one(batch, batches)
        batches.check(self._database.name)

    def read(
        self, wanted: Selection, *, outputs: bool = True, on_error: OnTorn | None = None
    ) -> Iterator[tuple[ScopeKey, Trace]]:
        """See `TraceStore.read`."""
        for page in self._pages(wanted, partial(self._reader.page, wanted, outputs=outputs)):
            yield from ((labels, trace) for _, labels, trace in self._reader.decoded(page, on_error))

    def outlines(self, wanted: Selection, *, on_error: OnTorn | None = None) -> Iterator[Outlines]:
        """See `TraceStore.outlines`."""
        from langchain_awo.model.trace.outline import outline_traces  # noqa: PLC0415  # loads numpy, not needed to record
        from langchain_awo.stores.sql_outlines import outline_page  # noqa: PLC0415  # likewise

        read = partial(self._read_numbered, wanted.scope, on_error)
        for page in self._pages(wanted, partial(outline_page, self._reader, self._database, wanted, read)):
            yield from page.outlines
            traces = (trace for _, _, trace in self._reader.decoded(page, on_error))  # tells what is torn
            odd = (trace for _, trace in read(page.needed, range(len(page.needed))))
            yield from outline_traces(chain(traces, odd))

    def _read_numbered(
        self, scope: Scope, on_error: OnTorn | None, seqs: Sequence[int], places: Iterable[int]
    ) -> Iterator[tuple[int, Trace]]:
        """The traces whose numbers are in some places of a list, each with its place."""
        rest = iter(places)
        while some := {seqs[place]: place for place in islice(rest, READ_AT_ONCE)}:
            numbers = list(some)
            between = Selection(scope=scope, portion=(numbers[0] - 1, numbers[-1]))
            for page in self._pages(between, partial(self._reader.whole, numbers)):
                yield from ((some[seq], trace) for seq, _, trace in self._reader.decoded(page, on_error))

    def portions(self, size: int) -> list[Portion]:
        """See `TraceStore.portions`; ranges of keys, however many traces of them are left."""
        last = self._run(sql_reading.find_last_seq)
        return [(start - 1, min(start + size - 1, last)) for start in range(0, last + 1, size)]

    def remove(self, wanted: Selection) -> int:
        """See `TraceStore.remove`."""
        self._check_writable()
        removed = 0
        last = self._run(sql_reading.find_last_seq)
        while some := self._run(
            lambda connection: sql_writing.delete_some(connection, self._database, wanted, last), writes=True
        ):
            removed += some
        return removed

    def vacuum(self) -> None:
        """Gives back the space of what was deleted, tools that no trace names included."""
        self._check_writable()
        self._run(self._drop_unused_specs, writes=True)
        self._reporting(self._database.vacuum, done="written")

    def summarize(self) -> StoreSummary:
        """See `TraceStore.summarize`."""
        return self._run(lambda connection: sql_summary.summarize(connection, self._database, self.scope))

    def __len__(self) -> int:
        return self._run(lambda connection: sql_summary.count(connection, self._database, self.scope))

    def release(self) -> None:
        """See `TraceStore.release`."""
        self._database.engine.dispose()

    def close(self) -> None:
        """Closes the connections."""
        self._database.engine.dispose()

    def _pages(self, wanted: Selection, fetch: FetchPage) -> Iterator[Page]:
        """Some traces after others, up to the last there is now."""
        seen, last = wanted.portion or (-1, self._run(sql_reading.find_last_seq))
        while seen < last:
            page = self._page(wanted, fetch, after=seen, last=last)
            if page.last_seq is None:
                return
            if page.last_seq <= seen:
                raise StoreError(
                    f"{self._database.name} cannot be read: the file is damaged and contains a cycle"
                )
            seen = page.last_seq
            yield page

    def _page(self, wanted: Selection, fetch: FetchPage, *, after: int, last: int) -> Page:
        """Some traces at once; where a damaged file does not give them together, one by one."""
        try:
            return self._run(lambda connection: fetch(connection, after=after, last=last))
        except StoreError as error:
            if not self._database.is_damage(error.__cause__):
                raise
        return self._reader.singly(self._run, wanted.scope, fetch, after=after, last=last)

    def _store(self, batch: list[Record]) -> None:
        self._run(
            lambda connection: sql_writing.write(connection, self._database, self.scope.key, batch),
            writes=True,
        )

    def _store_one_by_one(self, batch: list[Record], batches: Batches) -> None:
        for record in batch:
            try:
                self._store([record])
            except _RecordError as error:
                batches.refuse(record.trace_id, error)

    def _drop_unused_specs(self, connection: Connection) -> None:
        self._database.lock_specs(connection)
        used = sql_reading.find_used_specs(connection)
        unused = set(connection.execute(select(TOOLS.c.digest)).scalars()) - used
        for digest in sorted(unused):
            connection.execute(delete(TOOLS).where(TOOLS.c.digest == digest))

    def _check_writable(self) -> None:
        if self._database.read_only:
            raise StoreError(f"{self._database.name} cannot be written: {self._database.read_only}")

    def _run(self, work: Callable[[Connection], _Result], *, writes: bool = False) -> _Result:
        """Does some work in one transaction, again when the database says that this may help.

        Raises:
            _RecordError: a record does not fit its columns.
            StoreError: the database cannot be read or written.
        """
        engine = self._database.writer if writes else self._database.engine

        def transaction() -> _Result:
            with engine.begin() as connection:
                return work(connection)

        return self._reporting(transaction, done="written" if writes else "read")

    def _reporting(self, work: Callable[[], _Result], *, done: str) -> _Result:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return work()
            except AwoError:
                raise
            except Exception as error:
                if not isinstance(error, self._database.errors):
                    raise
                if attempt < _ATTEMPTS and self._database.is_worth_a_retry(error):
                    time.sleep(_PAUSE_SECONDS * attempt)
                    continue
                if done == "written" and self._database.is_blamed_on_data(error):
                    raise _RecordError(self._database.explain(error)) from error
                problem = self._database.explain(error)
                raise StoreError(f"{self._database.name} cannot be {done}: {problem}") from error
        raise AssertionError("unreachable")


class _RecordError(StoreError):
    """A single record does not fit its columns."""
