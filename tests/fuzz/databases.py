"""Changes of SQLite files that stay SQLite files: other values in single cells, so that what reads them is reached."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from tests.fuzz.mutating import ODD, change_json

PAGE = 512
"""Bytes: the smallest that SQLite has."""


def pack(path: Path) -> bytes:
    """A database file, as short as it can be, and not in the mode of a log beside it, which only files can be in."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute(f"PRAGMA page_size = {PAGE}")
        database.execute("VACUUM")
    return path.read_bytes()


def change_database(data: bytes, chance: random.Random) -> bytes | None:
    """One to four cells with something else in them; `None` if it is no database."""
    with suppress(sqlite3.Error, LookupError, OverflowError, ValueError), closing(_opened(data)) as database:
        for _ in range(chance.choice([1, 1, 2, 4])):
            with suppress(sqlite3.Error):  # a constraint, or a table that cannot be read any more
                _change(database, chance)
        database.commit()
        return database.serialize()
    return None


def _opened(data: bytes) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.deserialize(data)
    return database


def _change(database: sqlite3.Connection, chance: random.Random) -> None:
    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    table = chance.choice(tables)[0]
    columns = [name for _, name, *_ in database.execute(f'PRAGMA table_info("{table}")')]
    column = chance.choice(columns)
    cells = database.execute(f'SELECT "{column}" FROM "{table}" LIMIT 1').fetchone()  # noqa: S608  # its own names
    value = _other(cells[0] if cells else None, chance)
    if chance.randrange(8) == 0:
        database.execute(f'DELETE FROM "{table}"')  # noqa: S608
    else:
        database.execute(f'UPDATE "{table}" SET "{column}" = ?', [value])  # noqa: S608


def _other(value: object, chance: random.Random) -> object:
    """Changed JSON where there was JSON, else a value of any kind."""
    if isinstance(value, str | bytes) and chance.randrange(3):
        text = value.encode("utf-8", "replace") if isinstance(value, str) else value
        changed = change_json(text, chance)
        if changed is not None:
            return changed.decode() if isinstance(value, str) else changed
    odd = chance.choice(ODD)
    if isinstance(odd, list | dict):
        return json.dumps(odd)
    return odd.encode("utf-8", "surrogatepass") if isinstance(odd, str) and chance.randrange(4) == 0 else odd
