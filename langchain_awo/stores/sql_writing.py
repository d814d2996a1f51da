"""From records to the rows of a database, and rows deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Insert, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from langchain_awo.stores.database import Database
from langchain_awo.stores.records import Record
from langchain_awo.stores.rows import build_part_rows, build_spec_row, build_trace_row
from langchain_awo.stores.scope import LABELS, ScopeKey
from langchain_awo.stores.selection import Selection
from langchain_awo.stores.sql_reading import build_conditions
from langchain_awo.stores.tables import PARTS, TOOLS, TRACES

_DELETED_AT_ONCE: Final = 500
"""Traces deleted in one transaction, so that writers need not wait for long."""

# Made once: a recorder writes often and little, and making a statement costs more than running it.
_KNOWN_SPECS: Final = select(TOOLS.c.digest).where(TOOLS.c.digest.in_(bindparam("digests", expanding=True)))
_NUMBERS_OF: Final = select(TRACES.c.trace_id, TRACES.c.seq).where(
    TRACES.c.trace_id.in_(bindparam("ids", expanding=True)),
    *(TRACES.c[name] == bindparam(name) for name in LABELS),
)


def write(connection: Connection, database: Database, scope: ScopeKey, batch: Sequence[Record]) -> None:
    """Stores records of one scope; earlier traces with their ids in that scope go."""
    _write_specs(connection, database, batch)
    _delete(connection, list(_find_seqs(connection, database, scope, batch).values()))
    rows = [build_trace_row(record, scope) for record in batch]
    numbers = database.new_seqs(connection, len(batch))
    database.insert(connection, TRACES, [{**row, "seq": n} for row, n in zip(rows, numbers, strict=True)])
    for table in PARTS:
        parts = [
            row
            for record, n in zip(batch, numbers, strict=True)
            for row in build_part_rows(table.name, record, n)
        ]
        if parts:
            database.insert(connection, table, parts)


def delete_some(connection: Connection, database: Database, wanted: Selection, last: int) -> int:
    """Deletes some of the traces of a selection up to a number; returns how many, 0 when none is left."""
    query = select(TRACES.c.seq).where(*build_conditions(wanted, database), TRACES.c.seq <= last)
    seqs = list(connection.execute(query.order_by(TRACES.c.seq).limit(_DELETED_AT_ONCE)).scalars())
    _delete(connection, seqs)
    return len(seqs)


def _write_specs(connection: Connection, database: Database, batch: Sequence[Record]) -> None:
    specs = {digest: spec for record in batch for digest, spec in record.specs.items()}
    known = set(connection.execute(_KNOWN_SPECS, {"digests": list(specs)}).scalars()) if specs else set()
    for digest in sorted(specs.keys() - known):
        row = build_spec_row(digest, specs[digest])
        stored = {key: database.storable(value) for key, value in row.items()}
        connection.execute(_insert_new(connection).values(stored))


def _insert_new(connection: Connection) -> Insert:
    """Another process may have stored the same tool since; it is equal, then."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(TOOLS).on_conflict_do_nothing()
    return postgresql.insert(TOOLS).on_conflict_do_nothing()


def _delete(connection: Connection, seqs: Sequence[int]) -> None:
    if seqs:
        for table in PARTS:
            connection.execute(delete(table).where(table.c.trace_seq.in_(seqs)))
        connection.execute(delete(TRACES).where(TRACES.c.seq.in_(seqs)))


def _find_seqs(
    connection: Connection, database: Database, scope: ScopeKey, batch: Sequence[Record]
) -> dict[str, int]:
    ids = {database.storable(record.trace_id): record.trace_id for record in batch}
    labels = {name: database.storable(value) for name, value in zip(LABELS, scope, strict=True)}
    found = connection.execute(_NUMBERS_OF, {"ids": list(ids), **labels})
    return {ids[stored]: seq for stored, seq in found}
