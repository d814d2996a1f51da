"""Everything that is true of PostgreSQL alone: how to connect, to store in bulk, and to say what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    Table,
    Text,
    cast,
    create_engine,
    func,
    make_url,
    text,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from langchain_awo.errors import MissingExtraError, StoreError
from langchain_awo.model.secrets import hide_secrets
from langchain_awo.stores.database import Database
from langchain_awo.stores.decoding import Row

SCHEMES: Final = ("postgresql", "postgres", "postgresql+psycopg")

_CONNECT_SECONDS: Final = 10
_LOCK_KEY: Final = 0x61776F
"""Names the lock of those who change tables."""

_ESCAPE: Final = "\uffff"
"""Stands before `0` for the character NUL, which PostgreSQL's text cannot hold, and before itself."""

_DATA_CLASSES: Final = ("22", "23", "54")
_RETRY_CLASSES: Final = ("40", "23505")
_HINTS: Final = {
    "42501": "the user may not do this: grant it, or open the store with another user",
    "53": "the server has run out of space, memory or connections",
}

_CONNECT_HINTS: Final = {
    'database "': "create the database first, or correct its name in the URL",
    "authentication failed": "check the user and the password in the URL",
    'role "': "check the user in the URL",
    "": "check that the server runs and can be reached; what was committed is not affected",
}


class PostgresDatabase(Database):
    """A database on a server that many processes share.

    Args:
        url: as SQLAlchemy and libpq know it, `postgresql://user:password@host/database`.

    Raises:
        MissingExtraError: psycopg is not installed.
        StoreError: the URL is malformed.
    """

    is_shared = True
    escapes = True

    def __init__(self, url: str) -> None:
        try:
            import psycopg  # noqa: PLC0415  # an extra
        except ImportError as error:
            raise MissingExtraError("psycopg", extra="postgres") from error
        parsed = _parse(url)
        name = parsed.set(drivername="postgresql").render_as_string(hide_password=True)
        super().__init__(_make_engine(parsed), name=name, url=url)
        self.errors = (SQLAlchemyError, psycopg.Error, OverflowError)
        self.engine = self.engine.execution_options(isolation_level="REPEATABLE READ")

    def prepare(self) -> None:
        """Nothing to do."""

    def lock_schema(self, connection: Connection) -> None:
        """See `Database.lock_schema`."""
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})"))

    def lock_specs(self, connection: Connection) -> None:
        """See `Database.lock_specs`."""
        connection.execute(text("LOCK TABLE tools IN ACCESS EXCLUSIVE MODE"))

    def new_seqs(self, connection: Connection, count: int) -> list[int]:
        """See `Database.new_seqs`."""
        numbers = text(
            "SELECT nextval(pg_get_serial_sequence('traces', 'seq')) FROM generate_series(1, :count)"
        )
        return list(connection.execute(numbers, {"count": count}).scalars())

    def insert(self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """Stores rows by COPY."""
        columns = ", ".join(f'"{name}"' for name in rows[0])
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([self._storable(value) for value in row.values()])

    def is_blamed_on_data(self, error: BaseException) -> bool:
        """See `Database.is_blamed_on_data`."""
        return isinstance(error, OverflowError) or _get_state(error).startswith(_DATA_CLASSES)

    def is_damage(self, error: BaseException | None) -> bool:  # noqa: ARG002
        """See `Database.is_damage`."""
        return False

    def is_worth_a_retry(self, error: BaseException) -> bool:
        """Deadlocks, two writers of one trace, and a connection that was lost since it was last used."""
        return _get_state(error).startswith(_RETRY_CLASSES) or _is_disconnected(error)

    def explain(self, error: BaseException) -> str:
        """See `Database.explain`."""
        cause = getattr(error, "orig", None) or error
        problem = hide_secrets(" ".join(str(cause).split()))
        state = _get_state(error)
        hint = next((hint for prefix, hint in _HINTS.items() if state.startswith(prefix)), None)
        if not state:
            hint = next(hint for word, hint in _CONNECT_HINTS.items() if word in problem)
        return f"{problem}; {hint}" if hint else problem

    def vacuum(self) -> None:
        """Lets the server use the space of deleted rows again."""
        with self.writer.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(
                text("VACUUM (ANALYZE) meta, tools, traces, messages, model_calls, tool_calls")
            )

    def size(self, connection: Connection) -> int:
        """Bytes of the tables and of their indexes."""
        names = ("meta", "tools", "traces", "messages", "model_calls", "tool_calls")
        total = " + ".join(f"pg_total_relation_size('{name}')" for name in names)
        return int(connection.execute(text(f"SELECT {total}")).scalar_one())  # constants

    def collect(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """See `Database.collect`."""
        return cast(func.json_agg(column).filter(column.is_not(None)), Text)

    def restore(self, row: Row) -> Row:
        """A row with its NUL characters."""
        return tuple(_unescape(value) if type(value) is str and _ESCAPE in value else value for value in row)

    def storable(self, text: str) -> str:  # noqa: D102
        return text.replace(_ESCAPE, _ESCAPE * 2).replace("\0", f"{_ESCAPE}0")

    def _storable(self, value: Any) -> Any:
        return self.storable(value) if type(value) is str and ("\0" in value or _ESCAPE in value) else value


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError("the PostgreSQL URL is malformed; write postgresql://user@host/database") from error
    return parsed.set(drivername="postgresql+psycopg")


def _make_engine(url: URL) -> Engine:
    return create_engine(
        url,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "client_encoding": "utf8",
            "prepare_threshold": None,  # prepared statements do not survive connection poolers
        },
    )


def _get_state(error: BaseException) -> str:
    """The SQLSTATE of an error, empty if the server did not give one."""
    return getattr(getattr(error, "orig", None) or error, "sqlstate", None) or ""


def _is_disconnected(error: BaseException) -> bool:
    import psycopg  # noqa: PLC0415  # an extra

    cause = getattr(error, "orig", None) or error
    return isinstance(cause, psycopg.OperationalError) and (_get_state(error) or "57P01") in (
        "57P01",
        "08006",
    )


def _unescape(value: str) -> str:
    marked = value.split(_ESCAPE * 2)
    return _ESCAPE.join(part.replace(f"{_ESCAPE}0", "\0") for part in marked)
