"""A small real back office on SQLite, whose every state can be compared with another.

Nothing in it depends on the wall clock or on chance: ids come from counters and times from a logical clock, both kept
in the database, and only writes move them. Two agents that write the same things in the same order leave equal databases.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import (
    Connection,
    Engine,
    Executable,
    Result,
    StaticPool,
    create_engine,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import DatabaseError

from langchain_awo.demo.backoffice import schema
from langchain_awo.demo.backoffice.seeding import OPENING, seed_rows
from langchain_awo.errors import StoreError
from langchain_awo.model.text.encoding import compute_digest

MEMORY = ":memory:"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything in the database at one moment.

    Attributes:
        tables: by name, the rows in the order of their primary keys.
    """

    tables: Mapping[str, list[dict[str, Any]]]

    @property
    def digest(self) -> str:
        """Equal for equal contents, and for nothing else."""
        return compute_digest(dict(self.tables))

    def changed(self, earlier: Snapshot) -> dict[str, list[dict[str, Any]]]:
        """The rows that are new or different since an earlier snapshot, by table; tables without any are left out."""
        return {
            name: fresh
            for name, rows in self.tables.items()
            if (fresh := [row for row in rows if row not in earlier.tables[name]])
        }

    def differing(self, other: Snapshot) -> tuple[str, ...]:
        """Names of the tables that are not the same in both, sorted."""
        return tuple(sorted(name for name, rows in self.tables.items() if rows != other.tables[name]))


class World:
    """The back office: open it with `create` or `open`, close it or use it as a context manager.

    One connection behind one lock: tools may be called from any thread.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.RLock()
        weakref.finalize(self, engine.dispose).atexit = False

    @classmethod
    def create(cls, path: str | Path = MEMORY, *, seed: int = 7) -> Self:
        """A new back office, the same for the same seed; a file that is already there is replaced.

        Raises:
            StoreError: the file cannot be written.
        """
        engine = _create_engine_at(path)
        try:
            with engine.begin() as connection:
                schema.metadata.drop_all(connection)
                schema.metadata.create_all(connection)
                for table, rows in seed_rows(seed).items():
                    connection.execute(insert(schema.metadata.tables[table]), rows)
        except DatabaseError as error:
            engine.dispose()
            raise StoreError(
                f"the demo's database {path} cannot be written: {error.orig}; name another place"
            ) from error
        return cls(engine)

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """A back office that `create` made earlier.

        Raises:
            StoreError: there is none.
        """
        if not Path(path).exists():
            raise StoreError(f"{path} does not exist, so it is no back office; make one with World.create")
        engine = _create_engine_at(path)
        if not inspect(engine).has_table(schema.orders.name):
            engine.dispose()
            raise StoreError(f"{path} is no back office; make one with World.create")
        return cls(engine)

    def copy(self, path: str | Path = MEMORY) -> World:
        """Another back office with the same contents."""
        engine = _create_engine_at(path)
        with self._lock, self._engine.connect() as here, engine.connect() as there:
            _get_driver(here).backup(_get_driver(there))
        return World(engine)

    def rows(self, query: Executable) -> list[dict[str, Any]]:
        """The rows of a query."""
        with self._lock, self._engine.connect() as connection:
            return _list_rows(connection.execute(query))

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """One transaction; an exception undoes all of it, the clock and the counters included."""
        with self._lock, self._engine.begin() as connection:
            yield Writing(connection)

    def snapshot(self) -> Snapshot:
        """Everything in the database now."""
        tables = schema.metadata.tables
        return Snapshot(
            {
                str(name): self.rows(select(table).order_by(*table.primary_key.columns))
                for name, table in sorted(tables.items())
            }
        )

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class Writing:
    """A transaction with the ids and the time of what it writes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, query: Executable) -> list[dict[str, Any]]:
        """The rows of a query inside the transaction."""
        return _list_rows(self._connection.execute(query))

    def run(self, statement: Executable) -> None:
        """Execute an insert or update."""
        self._connection.execute(statement)

    def next_id(self, prefix: str) -> str:
        """The next id of a kind, such as `T-4012`."""
        return f"{prefix}-{self._count(prefix)}"

    def now(self) -> str:
        """The logical time of this write, one minute after the write before."""
        return (OPENING + dt.timedelta(minutes=self._count("clock"))).isoformat()

    def _count(self, name: str) -> int:
        here = schema.counters.c.name == name
        self.run(update(schema.counters).where(here).values(value=schema.counters.c.value + 1))
        return int(self.rows(select(schema.counters.c.value).where(here))[0]["value"])


def _create_engine_at(path: str | Path) -> Engine:
    return create_engine(f"sqlite:///{path}", poolclass=StaticPool, connect_args={"check_same_thread": False})


def _list_rows(result: Result[Any]) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in result.mappings()]


def _get_driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise StoreError(f"the demo's world needs SQLite, not {type(driver).__name__}")
    return driver
