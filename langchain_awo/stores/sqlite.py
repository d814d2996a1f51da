"""Everything that is true of SQLite alone: how to connect, to check the file, and to say what went wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, ColumnElement, Connection, Engine, Table, case, create_engine, event, func
from sqlalchemy.exc import (
    DataError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.pool import QueuePool

from langchain_awo.errors import StoreError
from langchain_awo.stores.database import WRITES, Database
from langchain_awo.stores.files import MAGIC, may_write

_BAD_DATA: Final = (IntegrityError, DataError, InterfaceError, ProgrammingError, OverflowError)
_BUSY_SECONDS: Final = 30
_HINTS: Final = {
    "locked": "another process is still writing to it; try again",
    "full": "free some space",
    "readonly": "its file or folder may not be written; choose another path",
    "unable to open": "its file or folder may not be read or written; choose another path",
    "malformed": "the file is damaged; sqlite3's .recover command may save what is left",
    "not a database": "the file is not a SQLite database; choose another path",
    "Could not decode": "the file is damaged: a text is not UTF-8",
    "can't decode": "the file is damaged: a text is not UTF-8",
}

_LAST_NUMBER: Final = "SELECT seq FROM sqlite_sequence WHERE name = 'traces'"
"""The highest number that a trace ever had: SQLite keeps it, so that none is given twice."""

_DAMAGE: Final = ("malformed", "Could not decode", "codec can't decode")


class SqliteDatabase(Database):
    """A database in one file.

    Args:
        path: where it is, or can be made.
        url: what messages and `open_store` call it.

    Raises:
        StoreError: the file is something else, or cannot be read.
    """

    def __init__(self, path: Path, *, url: str) -> None:
        check_file(path)
        self._path = path
        reason, options = _determine_access(path)
        super().__init__(_make_engine(path, options), name=url, url=url, read_only=reason)

    errors = (SQLAlchemyError, sqlite3.Error, OverflowError, UnicodeDecodeError)

    def prepare(self) -> None:
        """Switches to write-ahead logging, which lets readers and one writer go on together."""
        with self.engine.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")

    def lock_schema(self, connection: Connection) -> None:
        """Nothing to do: one transaction writes at a time."""

    def lock_specs(self, connection: Connection) -> None:
        """Nothing to do: one transaction writes at a time."""

    def new_seqs(self, connection: Connection, count: int) -> list[int]:
        """See `Database.new_seqs`; nobody else gives numbers until the transaction ends."""
        last = connection.exec_driver_sql(_LAST_NUMBER).scalar() or 0
        return list(range(last + 1, last + 1 + count))

    def insert(self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """Stores rows as the driver takes them: every value is one that it knows."""
        columns = ", ".join(f'"{name}"' for name in rows[0])
        places = ", ".join("?" * len(rows[0]))
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({columns}) VALUES ({places})",  # noqa: S608  # names of our own tables
            [tuple(row.values()) for row in rows],
        )

    def is_blamed_on_data(self, error: BaseException) -> bool:
        """See `Database.is_blamed_on_data`."""
        return isinstance(error, _BAD_DATA)

    def is_damage(self, error: BaseException | None) -> bool:
        """See `Database.is_damage`."""
        return any(word in str(error) for word in _DAMAGE)

    def is_worth_a_retry(self, error: BaseException) -> bool:  # noqa: ARG002  # the driver has waited long enough
        """See `Database.is_worth_a_retry`."""
        return False

    def explain(self, error: BaseException) -> str:
        """See `Database.explain`."""
        problem = str(getattr(error, "orig", None) or error)
        hint = next((hint for word, hint in _HINTS.items() if word in problem), None)
        return f"{problem}; {hint}" if hint else problem

    def vacuum(self) -> None:
        """Writes the file anew without what was deleted."""
        with self.engine.connect() as connection:
            cursor = connection.connection.cursor()
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def size(self, connection: Connection) -> int:  # noqa: ARG002
        """Bytes of the file and of its log."""
        paths = (self._path, Path(f"{self._path}-wal"))
        return sum(path.stat().st_size for path in paths if path.exists())

    def collect(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """See `Database.collect`; a column may hold anything."""
        texts = case((func.typeof(column) == "text", column))
        return func.json_group_array(texts).filter(column.is_not(None))


def check_file(path: Path) -> None:
    """Makes sure that a file is a SQLite database or empty.

    Raises:
        StoreError: it is not, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    if head and head != MAGIC:
        raise StoreError(
            f"{path} is not a trace store: expected a SQLite database, found a file that starts with {head!r}"
        )


def _determine_access(path: Path) -> tuple[str, dict[str, str]]:
    """Why a database cannot be written, or empty, and how to open it then.

    SQLite keeps two files beside a database with a write-ahead log and has to make them even to read. Where it may not, a
    database without a log can be read as a file that nobody changes.

    Raises:
        StoreError: there is a log that only a writer can take in.
    """
    if not path.exists() or (may_write(path) and may_write(path.parent)):
        return "", {}
    reason = f"the file {path} or its folder may not be written; choose another path"
    log, index = Path(f"{path}-wal"), Path(f"{path}-shm")
    if not log.exists() or log.stat().st_size == 0:
        return reason, {"uri": "true", "mode": "ro", "immutable": "1"}
    if index.exists():
        return reason, {"uri": "true", "mode": "ro"}
    raise StoreError(
        f"{path} cannot be read where it is: a writer was stopped and {log} holds its last traces, which cannot be "
        f"taken in without writing; copy both files to a folder that may be written"
    )


def _make_engine(path: Path, options: dict[str, str]) -> Engine:
    place = f"file:{quote(str(path.absolute()))}" if options else str(path)
    engine = create_engine(
        URL.create("sqlite", database=place, query=options),
        connect_args={"timeout": _BUSY_SECONDS, "isolation_level": None, "check_same_thread": False},
        poolclass=QueuePool,
    )
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(connection: sqlite3.Connection, _entry: Any) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")


def _begin(connection: Any) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
