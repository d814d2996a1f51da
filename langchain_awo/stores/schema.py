"""What a database is, and in which version: made, checked and brought up to date when a store is opened."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, insert, inspect, select

from langchain_awo.errors import SchemaVersionError, StoreError
from langchain_awo.stores.database import Database
from langchain_awo.stores.migrations import FIRST_VERSION, SCHEMA_VERSION, migrate
from langchain_awo.stores.tables import META, METADATA

KIND: Final = "langchain_awo traces"
"""Value of the key `kind` in the table `meta`: what the database is."""


def ensure_schema(database: Database, *, create: bool) -> None:
    """Makes the tables of a new database, and brings those of an earlier version up to date.

    Raises:
        StoreError: it is a database of something else, there is no store and none is to be made, or it would have to be
            changed and may not be written.
        SchemaVersionError: it was written by a later version.
    """
    with database.engine.connect() as connection:
        found = _read_version(connection, database)
    if found == SCHEMA_VERSION:
        return
    if found is None and not create:
        raise StoreError(
            f"there is no trace store at {database.name}; check the address, or record into it first"
        )
    if database.read_only:
        raise StoreError(_explain_read_only(database, found))
    if found is None:
        database.prepare()
    with database.writer.begin() as connection:
        database.lock_schema(connection)
        found = _read_version(connection, database)  # another process may have been quicker
        if found is None:
            _create(connection)
        elif found < SCHEMA_VERSION:
            migrate(connection, found=found)


def holds_only(table: str, database: Database) -> bool:
    """Whether a database has a table of somebody else's, and is no trace store of any version."""
    with database.engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        ours = META.name in tables and _read_meta(connection).get("kind") == KIND
    return table in tables and not ours


def _read_version(connection: Connection, database: Database) -> int | None:
    """The schema version, `None` for a database without tables; raises as `ensure_schema`."""
    tables = set(inspect(connection).get_table_names())
    if not (tables & METADATA.tables.keys() if database.is_shared else tables):
        return None
    about = _read_meta(connection) if META.name in tables else {}
    if about.get("kind") != KIND:
        raise StoreError(
            f"{database.name} is a database but not a trace store: it has the tables {', '.join(sorted(tables))}; "
            "choose another one"
        )
    found = about.get("schema_version", "")
    if not found.isdecimal() or not FIRST_VERSION <= int(found) <= SCHEMA_VERSION:
        raise SchemaVersionError(database.name, found=found, expected=SCHEMA_VERSION)
    return int(found)


def _read_meta(connection: Connection) -> dict[str, str]:
    columns = {column["name"] for column in inspect(connection).get_columns(META.name)}
    if not set(META.columns.keys()) <= columns:
        return {}
    return {key: value for key, value in connection.execute(select(META.c.key, META.c.value))}  # noqa: C416


def _create(connection: Connection) -> None:
    METADATA.create_all(connection)
    about = {"kind": KIND, "schema_version": str(SCHEMA_VERSION)}
    connection.execute(insert(META), [{"key": key, "value": value} for key, value in about.items()])


def _explain_read_only(database: Database, found: int | None) -> str:
    if found is None:
        return f"{database.name} cannot be made a trace store: {database.read_only}"
    return (
        f"{database.name} has schema version {found} and has to be brought to version {SCHEMA_VERSION}, but "
        f"{database.read_only}"
    )
