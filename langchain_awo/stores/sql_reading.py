"""From the rows of a database to traces, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    CursorResult,
    Select,
    Table,
    bindparam,
    func,
    null,
    select,
)

from langchain_awo.errors import StoreError, TornRecordError
from langchain_awo.model.text.encoding import loads
from langchain_awo.model.trace.trace import Trace
from langchain_awo.stores.database import Database
from langchain_awo.stores.decoding import (
    MESSAGE_COLUMNS,
    MODEL_CALL_COLUMNS,
    TOOL_CALL_COLUMNS,
    TRACE_COLUMNS,
    Row,
    Rows,
    Specs,
    decode_or,
    decode_trace,
)
from langchain_awo.stores.rows import read_spec_data, read_trace_data
from langchain_awo.stores.scope import LABELS, Scope, ScopeKey
from langchain_awo.stores.selection import Selection
from langchain_awo.stores.store import OnTorn
from langchain_awo.stores.tables import MESSAGES, MODEL_CALLS, TOOL_CALLS, TOOLS, TRACES

if TYPE_CHECKING:
    from langchain_awo.model.trace.outline import Outlines

READ_AT_ONCE: Final = 64
"""Traces fetched together, and so held in memory."""

_NAMED_AT_ONCE: Final = 512
"""Traces that one statement names by their numbers."""

_PARTS: Final = (
    (MESSAGES, MESSAGE_COLUMNS),
    (MODEL_CALLS, MODEL_CALL_COLUMNS),
    (TOOL_CALLS, TOOL_CALL_COLUMNS),
)
_TRACE_FIELDS: Final = tuple(TRACES.c[name] for name in ("seq", "tools", "task_id", *LABELS, *TRACE_COLUMNS))
_OWN: Final = 3 + len(LABELS)
"""Fields of a trace's row before those of `TRACE_COLUMNS`."""


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of some traces.

    Attributes:
        last_seq: where the next page begins; `None` when there are no more traces.
        traces: `seq`, the digests of the tools, the task id and the labels, then `TRACE_COLUMNS`.
        parts: for each table in `_PARTS`, rows by `seq`.
        torn: why a trace could not even be fetched, by its `seq`.
        outlines: of further traces.
        needed: numbers of further traces that are needed as a whole.
    """

    last_seq: int | None
    traces: Rows = ()
    parts: tuple[Mapping[int, Rows], ...] = ()
    torn: Mapping[int, str] = field(default_factory=dict)
    outlines: Sequence[Outlines] = ()
    needed: Sequence[int] = ()


PartQuery: TypeAlias = tuple[Select[Any], Select[Any]]
"""The rows of a table of parts from the trace `first` to `last`, and of the traces `seqs`."""


class FetchPage(Protocol):
    """Fetches the next traces after a number, up to another."""

    def __call__(self, connection: Connection, /, *, after: int, last: int) -> Page:
        """The traces; a page with no number if there are none."""


class TraceReader:
    """Reads traces and keeps the tool specifications they name."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._specs = Specs()

    def page(
        self, wanted: Selection, connection: Connection, *, after: int, last: int, outputs: bool
    ) -> Page:
        """The next traces of a selection, with all of their rows."""
        rows = self.select_traces(
            connection, _TRACE_FIELDS, wanted, after=after, last=last, most=READ_AT_ONCE
        )
        if not rows:
            return Page(None)
        tasks = wanted.task_ids
        chosen = rows if tasks is None else [row for row in rows if row[2] in tasks]
        return self._complete(connection, chosen, last_seq=rows[-1][0], outputs=outputs)

    def select_traces(
        self,
        connection: Connection,
        fields: Sequence[Column[Any]],
        wanted: Selection,
        *,
        after: int,
        last: int,
        most: int,
    ) -> Rows:
        """Some fields of the next traces of a selection, of whatever task; the first field is `seq`."""
        query = select(*fields).where(
            TRACES.c.seq > after, TRACES.c.seq <= last, *build_conditions(wanted, self._database)
        )
        return self._traces(connection.execute(query.order_by(TRACES.c.seq).limit(most)))

    def whole(self, seqs: Sequence[int], connection: Connection, *, after: int, last: int) -> Page:
        """The next of the given traces, with all of their rows."""
        some = [seq for seq in seqs if after < seq <= last][:READ_AT_ONCE]
        if not some:
            return Page(None)
        query = select(*_TRACE_FIELDS).where(TRACES.c.seq.in_(some)).order_by(TRACES.c.seq)
        rows = self._traces(connection.execute(query))
        return self._complete(connection, rows, last_seq=some[-1], outputs=True)

    def singly(
        self,
        run: Callable[[Callable[[Connection], Page]], Page],
        scope: Scope,
        fetch: FetchPage,
        *,
        after: int,
        last: int,
    ) -> Page:
        """The next trace alone; one that cannot be fetched is part of the page as torn."""
        numbers = select(TRACES.c.seq).where(
            TRACES.c.seq > after, TRACES.c.seq <= last, *build_scope_conditions(scope, self._database)
        )

        def next_seq(connection: Connection) -> Page:
            return Page(connection.execute(numbers.order_by(TRACES.c.seq).limit(1)).scalar())

        seq = run(next_seq).last_seq
        if seq is None:
            return Page(None)
        try:
            page = run(lambda connection: fetch(connection, after=seq - 1, last=seq))
        except StoreError as error:
            return Page(seq, torn={seq: str(error)})
        return replace(page, last_seq=seq)

    def decoded(self, page: Page, on_error: OnTorn | None) -> Iterator[tuple[int, ScopeKey, Trace]]:
        """The traces of a page with their numbers and labels; raises `TornRecordError` if there is no `on_error`."""
        for seq, reason in page.torn.items():
            _tell(TornRecordError(f"{self._database.name}, table traces, seq {seq}", reason), on_error)
        for row in page.traces:
            try:
                yield row[0], row[3:_OWN], self._trace(row, page)
            except ValueError as error:
                where = f"{self._database.name}, table traces, seq {row[0]} (trace_id {row[_OWN]!r})"
                _tell(TornRecordError(where, str(error)), on_error)

    def _trace(self, row: Row, page: Page) -> Trace:
        seq, tools, _, *_ = row
        messages, model_calls, tool_calls = (rows.get(seq, ()) for rows in page.parts)

        def build() -> Trace:
            return decode_trace(row[_OWN:], messages, model_calls, tool_calls, self._specs.named_in(tools))

        def check() -> Trace:
            parts = {
                table.name: [dict(zip(names, each, strict=True)) for each in rows.get(seq, ())]
                for (table, names), rows in zip(_PARTS, page.parts, strict=True)
            }
            own = {**dict(zip(TRACE_COLUMNS, row[_OWN:], strict=True)), "tools": tools}
            return self._specs.complete(read_trace_data(own, parts))

        return decode_or(build, check)

    def _complete(self, connection: Connection, rows: Rows, *, last_seq: int, outputs: bool) -> Page:
        """A page of the given rows of `_TRACE_FIELDS`."""
        self.learn_specs(connection, [row[1] for row in rows])
        seqs = [row[0] for row in rows]
        parts = [self.fetch_parts(connection, query, seqs) for query in _PART_QUERIES[outputs]]
        return Page(last_seq, rows, tuple(parts))

    def fetch_parts(
        self, connection: Connection, query: PartQuery, seqs: Sequence[int]
    ) -> Mapping[int, Rows]:
        """The rows of a table of parts that belong to the given traces and to no others, by `seq`."""
        rows = self._restored(self.fetch_rows(connection, query, seqs))
        return {seq: list(own) for seq, own in groupby(rows, itemgetter(0))}

    def fetch_rows(self, connection: Connection, query: PartQuery, seqs: Sequence[int]) -> Rows:
        """The same one behind the other, as the driver gives them: plain tuples are all that is needed here."""
        if not seqs:
            return ()
        by_range, by_list = query
        if seqs[-1] - seqs[0] + 1 == len(seqs):  # a range is quicker than a list
            return _fetch_all(connection.execute(by_range, {"first": seqs[0], "last": seqs[-1]}))
        some = (list(seqs[start : start + _NAMED_AT_ONCE]) for start in range(0, len(seqs), _NAMED_AT_ONCE))
        return [row for each in some for row in _fetch_all(connection.execute(by_list, {"seqs": each}))]

    def learn_specs(self, connection: Connection, texts: Iterable[str | None]) -> Specs:
        """The tool specifications known so far, with those whose digests are listed in JSON texts; one that is spoilt is left out."""
        named = {text for text in texts if text}
        missing = self._specs.missing(
            [digest for text in sorted(named, key=str) for digest in _list_digests(text)]
        )
        for row in connection.execute(select(TOOLS).where(TOOLS.c.digest.in_(missing))) if missing else ():
            try:
                data = read_spec_data(
                    dict(zip(TOOLS.c.keys(), self._database.restore(tuple(row)), strict=True))
                )
            except ValueError:
                continue  # every trace that needs it is reported
            self._specs.add(row[0], data)
        return self._specs

    def _traces(self, result: CursorResult[Any]) -> Rows:
        return self._restored(list(map(tuple, result.fetchall())))

    def _restored(self, rows: Rows) -> Rows:
        return list(map(self._database.restore, rows)) if self._database.escapes else rows


def _fetch_all(result: CursorResult[Any]) -> Rows:
    rows: Rows = result.cursor.fetchall() if result.cursor else ()
    return rows


def build_part_query(table: Table, columns: Sequence[ColumnElement[Any]]) -> PartQuery:
    """The query of some columns of a table of parts, in order; the first is `trace_seq`."""
    return _limit(table, select(*columns).order_by(table.c.trace_seq, table.c.position))


def build_group_query(table: Table, columns: Sequence[ColumnElement[Any]]) -> PartQuery:
    """The query of what is told of all parts of each trace in a table; `trace_seq` comes first."""
    return _limit(table, select(table.c.trace_seq, *columns).group_by(table.c.trace_seq))


def _limit(table: Table, query: Select[Any]) -> PartQuery:
    return (
        query.where(table.c.trace_seq.between(bindparam("first"), bindparam("last"))),
        query.where(table.c.trace_seq.in_(bindparam("seqs", expanding=True))),
    )


def _select_column(table: Table, name: str, *, outputs: bool) -> ColumnElement[Any]:
    return table.c[name] if outputs or name != "output" else null().label(name)


_PART_QUERIES: Final = {
    outputs: tuple(
        build_part_query(table, [_select_column(table, name, outputs=outputs) for name in names])
        for table, names in _PARTS
    )
    for outputs in (True, False)
}
"""For each table of parts all of its columns, with outputs (`True`) or without."""


def find_last_seq(connection: Connection) -> int:
    """The highest number of a trace, whoever's it is."""
    return connection.execute(select(func.max(TRACES.c.seq))).scalar() or 0


def build_conditions(wanted: Selection, database: Database) -> list[ColumnElement[bool]]:
    """The conditions in SQL, but for the tasks: their ids may be too many for one statement."""
    found = build_scope_conditions(wanted.scope, database)
    for name, value in wanted.equal:
        found.append(func.coalesce(TRACES.c[name], "") == database.storable(value))
    if wanted.trace_id is not None:
        found.append(TRACES.c.trace_id == database.storable(wanted.trace_id))
    if wanted.since is not None:
        found.append(TRACES.c.started_at >= wanted.since)
    if wanted.before is not None:
        found.append(TRACES.c.started_at < wanted.before)
    return found


def build_scope_conditions(scope: Scope, database: Database) -> list[ColumnElement[bool]]:
    """What holds every query to a scope."""
    return [TRACES.c[name] == database.storable(value) for name, value in scope.given.items()]


def find_used_specs(connection: Connection) -> set[str]:
    """Digests of the tools that any trace names."""
    texts = connection.execute(select(TRACES.c.tools).where(TRACES.c.tools.is_not(None)).distinct()).scalars()
    return {digest for text in texts for digest in _list_digests(text)}


def _list_digests(text: str) -> list[str]:
    try:
        value = loads(text)
    except ValueError:
        return []  # the trace is reported when it is decoded
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _tell(error: TornRecordError, on_error: OnTorn | None) -> None:
    if on_error is None:
        raise error
    on_error(error)
