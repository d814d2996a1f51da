"""Traces in a database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Engine, Select, delete, func, insert, inspect, select
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, ProgrammingError

from langchain_awo.errors import SchemaVersionError, StoreError, TornRecordError
from langchain_awo.model.trace import TRACE_SCHEMA_VERSION, JSONValue, Trace
from langchain_awo.stores import sqlite
from langchain_awo.stores.records import Batches, Record, decode
from langchain_awo.stores.selection import Selection
from langchain_awo.stores.store import OnTorn, TraceStore
from langchain_awo.stores.tables import (
    META,
    METADATA,
    PARTS,
    TOOLS,
    TRACES,
    part_rows,
    spec_data,
    spec_row,
    trace_data,
    trace_row,
)

KIND: Final = "langchain_awo traces"
"""Value of the key `kind` in the table `meta`: what the database is."""

_READ_AT_ONCE: Final = 64
"""Traces fetched together, and so held in memory."""

_BAD_DATA: Final = (IntegrityError, DataError, InterfaceError, ProgrammingError, OverflowError)
"""What a database raises when a single record does not fit its columns."""

_Row: TypeAlias = Mapping[str, Any]


class SqlTraceStore(TraceStore):
    """A store in a database.

    Args:
        engine: connects to the database; transactions with the option `sqlite.WRITES` write.
        url: what `open_store` needs to open it again.
    """

    def __init__(self, engine: Engine, *, url: str) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**{sqlite.WRITES: True})
        self._url = url
        self._specs: dict[str, dict[str, JSONValue]] = {}
        self._specs_seen = 0
        try:
            self._check_schema()
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """What `open_store` needs to open this store again."""
        return self._url

    def append(self, traces: Iterable[Trace]) -> None:
        """See `TraceStore.append`."""
        batches = Batches(traces)
        for batch in batches:
            try:
                self._store(batch)
            except _BAD_DATA:
                self._store_one_by_one(batch, batches)
        batches.check(self._url)

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
        """See `TraceStore.traces`."""
        wanted = Selection.of(domain=domain, model=model, task_ids=task_ids, thread_id=thread_id, since=since)
        query = _matching(wanted)
        last = self._last_seq()
        seen = 0
        while seen < last:
            with self._reporting("read"), self._engine.begin() as connection:
                rows = _rows(connection, query.where(TRACES.c.seq > seen, TRACES.c.seq <= last))
                chosen = [row for row in rows if wanted.task_ids is None or row["task_id"] in wanted.task_ids]
                parts = _parts_of(connection, chosen)
                self._learn_specs(connection)
            if not rows:
                return
            seen = rows[-1]["seq"]
            yield from self._decoded(chosen, parts, on_error)

    def get(self, trace_id: str) -> Trace:
        """See `TraceStore.get`."""
        with self._reporting("read"), self._engine.begin() as connection:
            rows = _rows(connection, select(TRACES).where(TRACES.c.trace_id == trace_id))
            parts = _parts_of(connection, rows)
            self._learn_specs(connection)
        if not rows:
            raise KeyError(trace_id)
        return next(self._decoded(rows, parts, None))

    def __len__(self) -> int:
        with self._reporting("read"), self._engine.begin() as connection:
            return connection.execute(select(func.count()).select_from(TRACES)).scalar_one()

    def release(self) -> None:
        """See `TraceStore.release`."""
        self._engine.dispose()

    def close(self) -> None:
        """Closes the connections."""
        self._engine.dispose()

    def _check_schema(self) -> None:
        with self._reporting("opened"):
            tables = inspect(self._engine).get_table_names()
            if not tables:
                self._create()
            about = self._about() if META.name in tables or not tables else {}
        if about.get("kind") != KIND:
            raise StoreError(
                f"{self._url} is a database but not a trace store: it has the tables {', '.join(tables)}; "
                "choose another file"
            )
        if about.get("schema_version") != str(TRACE_SCHEMA_VERSION):
            found = about.get("schema_version")
            raise SchemaVersionError(self._url, found=found, expected=TRACE_SCHEMA_VERSION)

    def _create(self) -> None:
        """Makes the tables unless another process has made them since."""
        if self._engine.dialect.name == "sqlite":
            sqlite.prepare(self._engine)
        with self._writer.begin() as connection:
            METADATA.create_all(connection)
            if connection.execute(select(META.c.key)).first() is None:
                about = {"kind": KIND, "schema_version": str(TRACE_SCHEMA_VERSION)}
                connection.execute(
                    insert(META), [{"key": key, "value": value} for key, value in about.items()]
                )

    def _about(self) -> dict[str, str]:
        columns = {column["name"] for column in inspect(self._engine).get_columns(META.name)}
        if not set(META.columns.keys()) <= columns:
            return {}
        with self._engine.begin() as connection:
            return {row["key"]: row["value"] for row in _rows(connection, select(META))}

    def _store(self, batch: list[Record]) -> None:
        with self._reporting("written"), self._writer.begin() as connection:
            _write(connection, batch)

    def _store_one_by_one(self, batch: list[Record], batches: Batches) -> None:
        for record in batch:
            try:
                self._store([record])
            except _BAD_DATA as error:
                batches.refuse(record.trace_id, error)

    def _last_seq(self) -> int:
        with self._reporting("read"), self._engine.begin() as connection:
            return connection.execute(select(func.max(TRACES.c.seq))).scalar() or 0

    def _learn_specs(self, connection: Connection) -> None:
        """Reads the tool specifications when there are new ones; one that is spoilt is left out."""
        count = connection.execute(select(func.count()).select_from(TOOLS)).scalar_one()
        if count == self._specs_seen:
            return
        self._specs_seen = count
        for row in _rows(connection, select(TOOLS)):
            with suppress(ValueError):  # every trace that needs it is reported
                self._specs[row["digest"]] = spec_data(row)

    def _decoded(
        self, rows: Sequence[_Row], parts: dict[str, dict[int, list[_Row]]], on_error: OnTorn | None
    ) -> Iterator[Trace]:
        for row in rows:
            try:
                own = {name: by_trace[row["seq"]] for name, by_trace in parts.items()}
                trace = decode(trace_data(row, own), self._specs)
            except ValueError as error:
                where = f"{self._url}, table traces, seq {row['seq']} (trace_id {row['trace_id']!r})"
                torn = TornRecordError(where, str(error))
                if on_error is None:
                    raise torn from error
                on_error(torn)
            else:
                yield trace

    @contextmanager
    def _reporting(self, done: str) -> Iterator[None]:
        """Turns what the database raises into a `StoreError`, but not what single records are to blame for."""
        try:
            yield
        except _BAD_DATA:
            raise
        except sqlite.ERRORS as error:
            raise StoreError(f"{self._url} cannot be {done}: {sqlite.explain(error)}") from error


def _write(connection: Connection, batch: list[Record]) -> None:
    _write_specs(connection, batch)
    _delete(connection, [record.trace_id for record in batch])
    connection.execute(insert(TRACES), [trace_row(record) for record in batch])
    seqs = _seqs(connection, [record.trace_id for record in batch])
    for table in PARTS:
        rows = [row for record in batch for row in part_rows(table, record, seqs[record.trace_id])]
        if rows:
            connection.execute(insert(table), rows)


def _write_specs(connection: Connection, batch: list[Record]) -> None:
    specs = {digest: spec for record in batch for digest, spec in record.specs.items()}
    stored = set(connection.execute(select(TOOLS.c.digest).where(TOOLS.c.digest.in_(list(specs)))).scalars())
    rows = [spec_row(digest, spec) for digest, spec in sorted(specs.items()) if digest not in stored]
    if rows:
        connection.execute(insert(TOOLS), rows)


def _delete(connection: Connection, trace_ids: list[str]) -> None:
    old = list(_seqs(connection, trace_ids).values())
    if old:
        for table in PARTS:
            connection.execute(delete(table).where(table.c.trace_seq.in_(old)))
        connection.execute(delete(TRACES).where(TRACES.c.seq.in_(old)))


def _seqs(connection: Connection, trace_ids: list[str]) -> dict[str, int]:
    found = connection.execute(
        select(TRACES.c.trace_id, TRACES.c.seq).where(TRACES.c.trace_id.in_(trace_ids))
    )
    return {trace_id: seq for trace_id, seq in found}  # noqa: C416  # rows are not pairs to the type checker


def _matching(wanted: Selection) -> Select[Any]:
    """The traces that meet the conditions, but for the tasks: their ids may be too many for one statement."""
    query = select(TRACES).order_by(TRACES.c.seq).limit(_READ_AT_ONCE)
    for name, value in wanted.equal:
        query = query.where(func.coalesce(TRACES.c[name], "") == value)
    return query if wanted.since is None else query.where(TRACES.c.started_at >= wanted.since)


def _parts_of(connection: Connection, rows: Sequence[_Row]) -> dict[str, dict[int, list[_Row]]]:
    """The rows that belong to the given traces: by table, then by `seq`, in order."""
    seqs = [row["seq"] for row in rows]
    parts: dict[str, dict[int, list[_Row]]] = {}
    for table in PARTS:
        by_trace: dict[int, list[_Row]] = defaultdict(list)
        order = (table.c.trace_seq, table.c.position)
        for row in _rows(connection, select(table).where(table.c.trace_seq.in_(seqs)).order_by(*order)):
            by_trace[row["trace_seq"]].append(row)
        parts[table.name] = by_trace
    return parts


def _rows(connection: Connection, query: Select[Any]) -> list[_Row]:
    result = connection.execute(query)
    names = tuple(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result]
