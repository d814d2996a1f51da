"""What differs between the databases that a store can live in."""

from __future__ import annotations

import os
import weakref
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Table
from sqlalchemy.exc import SQLAlchemyError

from langchain_awo.stores.decoding import Row

WRITES: Final = "awo_writes"
"""Execution option of connections whose transactions write."""


class Database(ABC):
    """A database and how it is spoken to.

    Attributes:
        engine: connects to it; a transaction sees one state of the database from its first query on.
        writer: the same, for transactions that write.
        name: what messages call it, without a password.
        url: what `open_store` needs to open it again, its scope left out.
        read_only: why it cannot be written, or empty.
        errors: what working with it may raise.
        is_shared: other tables may stand beside those of the store.
        escapes: rows have to go through `restore`.
    """

    errors: tuple[type[BaseException], ...] = (SQLAlchemyError,)
    is_shared = False
    escapes = False

    def __init__(self, engine: Engine, *, name: str, url: str, read_only: str = "") -> None:
        self.engine = engine
        self.writer = engine.execution_options(**{WRITES: True})
        self.name = name
        self.url = url
        self.read_only = read_only
        _forget_after_fork(engine)
        weakref.finalize(self, engine.dispose).atexit = False  # nobody has to close a store that is let go of

    @abstractmethod
    def prepare(self) -> None:
        """Gets a new database ready, before its tables are made."""

    @abstractmethod
    def lock_schema(self, connection: Connection) -> None:
        """Keeps every other process from changing the tables until the transaction ends."""

    @abstractmethod
    def lock_specs(self, connection: Connection) -> None:
        """Keeps every other process from storing traces until the transaction ends."""

    @abstractmethod
    def new_seqs(self, connection: Connection, count: int) -> list[int]:
        """Numbers for new traces, higher than any that was given before."""

    @abstractmethod
    def is_blamed_on_data(self, error: BaseException) -> bool:
        """Whether a single record is to blame, which does not fit its columns."""

    @abstractmethod
    def is_damage(self, error: BaseException | None) -> bool:
        """Whether a part of the data cannot be read, and others may."""

    @abstractmethod
    def is_worth_a_retry(self, error: BaseException) -> bool:
        """Whether the same transaction may well succeed if it is tried again at once."""

    @abstractmethod
    def explain(self, error: BaseException) -> str:
        """What went wrong, and what to do."""

    @abstractmethod
    def vacuum(self) -> None:
        """Gives back the space of deleted rows."""

    @abstractmethod
    def size(self, connection: Connection) -> int:
        """Bytes on disk."""

    @abstractmethod
    def insert(self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """Stores rows that all have every column to be stored."""

    @abstractmethod
    def collect(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """The texts of a column in a group as a list in JSON text, where there are any; not restored, and `null` for what is no text."""

    def restore(self, row: Row) -> Row:
        """A row as it was before the database could not hold it as it was."""
        return row

    def storable(self, text: str) -> str:
        """Text as the database can hold it."""
        return text


_INHERITED: Final[list[Any]] = []
"""Connections of the parent process: to let go of one here would end it there."""


def _forget_after_fork(engine: Engine) -> None:
    """Gives a forked process connections of its own."""
    known = weakref.ref(engine)

    def forget() -> None:
        if (engine := known()) is not None:
            _INHERITED.append(engine.pool)
            engine.dispose(close=False)

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget)
