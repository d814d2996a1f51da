"""From a path or URL to a store; what a kind of store needs is imported when one is opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from langchain_awo.errors import MissingExtraError, StoreError
from langchain_awo.model.ir.argument_checks import check_kind
from langchain_awo.model.ir.option_kinds import FLAG, TEXT, check_options
from langchain_awo.model.secrets import hide_secrets
from langchain_awo.stores.files import MAGIC
from langchain_awo.stores.scope import Scope, split_query
from langchain_awo.stores.store import TraceStore

_DATABASES: Final = (".db", ".sqlite", ".sqlite3")
_LINES: Final = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_SERVERS: Final = ("postgresql", "postgres", "postgresql+psycopg")
_FOLDER: Final = ".parquet"
_FOOTER: Final = 200_000
"""Bytes at the end of a Parquet file in which its metadata stands."""


def open_store(
    url_or_path: str | Path,
    *,
    create: bool = True,
    project: str | None = None,
    tenant: str | None = None,
    environment: str | None = None,
) -> TraceStore:
    """Opens the store at a path or URL.

    Args:
        url_or_path: a path that ends in `.db`, `.sqlite` or `.sqlite3` (SQLite), in `.jsonl` or `.ndjson` (JSON lines,
            with `.gz` to read only), or in `.parquet` (a folder of Parquet files, to read only); a file with another name
            is told by its content. Or a URL: `postgresql://user:password@host/database`, `sqlite:///path`, `jsonl:///path`,
            `parquet:///path`, or a folder that ends in `.parquet` wherever fsspec reaches, such as `s3://bucket/runs.parquet`.
            The query of a URL may name the labels below, as in `sqlite:///traces.db?tenant=acme`.
        create: make the store if there is none.
        project: only this project's traces are seen through the handle, and what is written belongs to it.
        tenant: as `project`.
        environment: as `project`.

    Raises:
        StoreError: there is no store and none can be made, or what is there is something else.
        SchemaVersionError: the store was written by a later schema version.
        MissingExtraError: the store needs a package that is not installed.
    """
    check_kind(
        url_or_path, (str, os.PathLike), option="the store", fix="give a path or a URL, such as 'traces.db'"
    )
    labels = {"project": project, "tenant": tenant, "environment": environment}
    check_options({"create": FLAG, **dict.fromkeys(labels, TEXT.optional)}, {"create": create, **labels})
    address = str(url_or_path)
    if "\0" in address:
        raise StoreError(f"{address!r} is no path: there is a NUL character in it")
    where, scope = _split(address) if "://" in address else (address, Scope())
    scope = scope.narrowed(labels, where=hide_secrets(where))
    scheme, separator, rest = where.partition("://")
    if separator and scheme in _SERVERS:
        return _open_server(where, scope, create=create)
    if separator and scheme not in ("sqlite", "jsonl"):
        return _open_parquet(where, scope)
    path = Path(rest.removeprefix("/") if separator else where)
    try:
        return _open_file(path, scope, kind=scheme if separator else "", name=where, create=create)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error


def _split(address: str) -> tuple[str, Scope]:
    """A URL without the labels in its query, and the labels."""
    where, mark, query = address.partition("?")
    scope, rest = split_query(query)
    if not mark or not scope.given:
        return address, scope
    return f"{where}?{rest}" if rest else where, scope


def _open_server(url: str, scope: Scope, *, create: bool) -> TraceStore:
    from langchain_awo.stores.postgres import PostgresDatabase  # noqa: PLC0415
    from langchain_awo.stores.sql import SqlTraceStore  # noqa: PLC0415

    return SqlTraceStore(PostgresDatabase(url), scope=scope, create=create)


def _open_parquet(url: str, scope: Scope) -> TraceStore:
    scheme, _, rest = url.partition("://")
    if scheme != "parquet" and not rest.rstrip("/").endswith(_FOLDER):
        raise StoreError(
            f"{hide_secrets(url)} is not supported; use a path that ends in .db or .jsonl, postgresql://user@host/database, "
            f"or the URL of a folder that ends in {_FOLDER}"
        )
    return _open_folder(rest.removeprefix("/") if scheme == "parquet" else url, url, scope)


def _open_file(path: Path, scope: Scope, *, kind: str, name: str, create: bool) -> TraceStore:
    if not kind and _is_parquet_folder(path):
        return _open_folder(str(path), name, scope)
    _check_path(path, create=create)
    if kind == "sqlite" or (not kind and _is_database(path)):
        from langchain_awo.stores.sql import SqlTraceStore  # noqa: PLC0415
        from langchain_awo.stores.sqlite import SqliteDatabase  # noqa: PLC0415

        return SqlTraceStore(SqliteDatabase(path, url=name), scope=scope)
    from langchain_awo.stores.jsonl import JsonlTraceStore  # noqa: PLC0415

    return JsonlTraceStore(path, scope=scope, create=create)


def _open_folder(place: str, url: str, scope: Scope) -> TraceStore:
    try:
        from langchain_awo.stores.parquet import ParquetTraceStore  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("pyarrow or fsspec", extra="parquet") from error
    return ParquetTraceStore(place, url=url, scope=scope)


def _is_parquet_folder(path: Path) -> bool:
    if not path.is_dir():
        return path.name.endswith(_FOLDER)
    return path.name.endswith(_FOLDER) or next(path.rglob(f"*{_FOLDER}"), None) is not None


def _check_path(path: Path, *, create: bool) -> None:
    if path.is_dir():
        raise StoreError(f"{path} is a folder; give a file in it, such as {path / 'traces.db'}")
    if path.exists():
        return
    if not create:
        raise StoreError(f"there is no trace store at {path}; check the path, or record into it first")
    if not path.parent.is_dir():
        raise StoreError(f"{path} cannot be written: there is no folder {path.parent}; create it first")


def _is_database(path: Path) -> bool:
    name = path.name.lower()
    if name.endswith((*_DATABASES, *_LINES)):
        return name.endswith(_DATABASES)
    if not path.exists():
        raise StoreError(
            f"{path}: the name does not say which kind of store to create; end it in .db or .jsonl"
        )
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def is_server(address: str | os.PathLike[str]) -> bool:
    """Whether an address is the URL of a database server."""
    scheme, separator, _ = str(address).partition("://")
    return bool(separator) and scheme in _SERVERS


def holds_checkpoints(url: str) -> bool:
    """Whether a database on a server holds LangGraph's checkpoints and no traces; one that cannot be read is said not to."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    from langchain_awo.stores.postgres import PostgresDatabase  # noqa: PLC0415
    from langchain_awo.stores.schema import holds_only  # noqa: PLC0415

    database = PostgresDatabase(_split(url)[0])
    try:
        return holds_only("checkpoints", database)
    except SQLAlchemyError:
        return False
    finally:
        database.engine.dispose()


def is_parquet_store(address: str | os.PathLike[str]) -> bool:
    """Whether a folder holds Parquet files that `awo export traces` wrote, rather than tables of somebody else."""
    path = Path(address)
    if "://" in str(address) or not path.is_dir():
        return str(address).startswith("parquet://")
    first = min(path.rglob(f"*{_FOLDER}"), default=None)
    if first is None or not first.is_file():
        return False
    with first.open("rb") as file:
        file.seek(max(0, first.stat().st_size - _FOOTER))
        return b"langchain_awo" in file.read()
