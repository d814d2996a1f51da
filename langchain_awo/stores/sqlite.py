"""Everything that is true of SQLite alone: how to connect, to check the file, and to say what went wrong."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError

from langchain_awo.errors import StoreError

MAGIC: Final = b"SQLite format 3\0"
"""The first bytes of every SQLite database that is not empty."""

WRITES: Final = "awo_writes"
"""Execution option of connections whose transactions write: they wait for each other at the start, not at the end."""

ERRORS: Final = (SQLAlchemyError, sqlite3.Error)
"""What working with a database may raise."""

_BUSY_SECONDS: Final = 30
_HINTS: Final = {
    "locked": "another process has been writing to it for long; try again",
    "full": "free some space",
    "readonly": "its file or folder may not be written; choose another path",
    "unable to open": "its file or folder may not be read or written; choose another path",
    "malformed": "the file is damaged; sqlite3's .recover command may save what is left",
    "not a database": "the file is something else than a SQLite database; choose another path",
}


def make_engine(path: Path) -> Engine:
    """An engine for the database at a path that exists or can be made."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": _BUSY_SECONDS, "isolation_level": None, "check_same_thread": False},
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "checkout", _refuse_inherited)
    event.listen(engine, "begin", _begin)
    return engine


def prepare(engine: Engine) -> None:
    """Switches a new database to write-ahead logging, which lets readers and one writer go on together."""
    with engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA journal_mode = WAL")


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


def explain(error: BaseException) -> str:
    """What a database error means, and what to do."""
    problem = str(getattr(error, "orig", None) or error)
    hint = next((hint for word, hint in _HINTS.items() if word in problem), None)
    return f"{problem}; {hint}" if hint else problem


def _on_connect(connection: sqlite3.Connection, entry: Any) -> None:
    entry.info["pid"] = os.getpid()
    connection.execute("PRAGMA synchronous = NORMAL")


def _refuse_inherited(connection: sqlite3.Connection, entry: Any, proxy: Any) -> None:  # noqa: ARG001  # the event's signature
    """A connection must not be used in a process forked after it was made: the pool makes a new one."""
    if entry.info["pid"] != os.getpid():
        entry.dbapi_connection = proxy.dbapi_connection = None
        raise DisconnectionError("the connection belongs to the parent process")


def _begin(connection: Any) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
