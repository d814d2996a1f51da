"""From a path or URL to a store."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from langchain_awo.errors import StoreError
from langchain_awo.stores.store import TraceStore

_SQLITE_MAGIC: Final = b"SQLite format 3\0"
_SQLITE_URL: Final = "sqlite:///"
_DATABASES: Final = (".db", ".sqlite", ".sqlite3")
_LINES: Final = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")


def open_store(url_or_path: str | Path, *, create: bool = True) -> TraceStore:
    """Opens the store at a path or URL.

    Args:
        url_or_path: a path that ends in `.db`, `.sqlite` or `.sqlite3` (SQLite), in `.jsonl` or `.ndjson` (JSON lines,
            with `.gz` to read only), or `sqlite:///path`. A file with another name is told by its content.
        create: make the store if there is none.

    Raises:
        StoreError: there is no store and none can be made, or what is there is something else.
        SchemaVersionError: the store was written by another schema version.
    """
    text = str(url_or_path)
    if "://" in text and not text.startswith(_SQLITE_URL):
        raise StoreError(
            f"{text} is not supported; use a path that ends in .db or .jsonl, or {_SQLITE_URL}path"
        )
    is_url = text.startswith(_SQLITE_URL)
    path = Path(text.removeprefix(_SQLITE_URL))
    _check_path(path, create=create)
    if is_url or _is_database(path):
        from langchain_awo.stores import sqlite  # noqa: PLC0415  # only what is opened is imported
        from langchain_awo.stores.sql import SqlTraceStore  # noqa: PLC0415

        sqlite.check_file(path)
        return SqlTraceStore(sqlite.make_engine(path), url=text)
    from langchain_awo.stores.jsonl import JsonlTraceStore  # noqa: PLC0415

    return JsonlTraceStore(path, create=create)


def _check_path(path: Path, *, create: bool) -> None:
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file in it, such as {path / 'traces.db'}")
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
        raise StoreError(f"{path}: the name does not say which store to make; end it in .db or .jsonl")
    with path.open("rb") as file:
        return file.read(len(_SQLITE_MAGIC)) == _SQLITE_MAGIC
