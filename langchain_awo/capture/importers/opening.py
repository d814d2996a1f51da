"""Files, standard input and archives as streams of bytes, with what is no recording refused by name."""

from __future__ import annotations

import glob
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Final

from langchain_awo.capture.importers.lines import BrokenArchiveError
from langchain_awo.errors import ImportFormatError

STDIN: Final = "-"
"""Stands for standard input where a path may stand."""

MAX_RATIO: Final = 200
"""A gzip file that unpacks to more than this many times its size is refused, once it is larger than `FREE`."""

FREE: Final = 64_000_000
"""Bytes that every gzip file may unpack to."""

GZIP: Final = b"\x1f\x8b"
SQLITE: Final = b"SQLite format 3\0"
PARQUET: Final = b"PAR1"
ZIP: Final = b"PK\x03\x04"

_CHUNK: Final = 1 << 20
_OTHERS: Final = {
    b"%PDF": "a PDF",
    b"\x28\xb5\x2f\xfd": "compressed by zstd; unpack it first",
    b"BZh": "compressed by bzip2; unpack it first",
    b"\xfd7zXZ": "compressed by xz; unpack it first",
    b"ARROW1": "an Arrow file; read it with pandas or Polars and import the frame",
}
_ENDINGS: Final = (".jsonl", ".ndjson", ".json", ".gz", ".parquet", ".eval", ".db", ".sqlite", ".sqlite3")

Tick = Callable[[int], None]
"""Called with the number of bytes that were just read."""


def find_files(source: str | Path) -> list[Path]:
    """The files that a path, a folder or a pattern stands for, sorted.

    Raises:
        ImportFormatError: there is none, or it is a device.
    """
    path = Path(source)
    if path.is_dir():
        found = [each for each in path.rglob("*") if each.name.endswith(_ENDINGS) and each.is_file()]
        return sorted(found) or _refuse(path, f"there is no file ending in {', '.join(_ENDINGS)}")
    if not path.exists() and glob.has_magic(str(source)):
        matching = glob.glob(str(source), recursive=True)  # noqa: PTH207  # of an absolute pattern too
        return sorted(map(Path, matching)) or _refuse(path, "no file matches the pattern")
    return [_check_path(path)]


def _check_path(path: Path) -> Path:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ImportFormatError(f"{path} cannot be read: {reason}; check the path") from error
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
        _refuse(path, "it is a device or a socket; name a file")
    return path


def _refuse(path: Path, reason: str) -> list[Path]:
    raise ImportFormatError(f"{path} cannot be read: {reason}")


def read_head(path: Path) -> bytes:
    """The first sixteen bytes of a file; none of a pipe, which can be read only once."""
    if not path.is_file():
        return b""
    with _open_source(path) as file:
        return file.read(16)


def read_chunks(source: Path | str, *, tick: Tick | None = None) -> Iterator[bytes]:
    """What is in a file or in standard input, unpacked.

    Raises:
        ImportFormatError: it cannot be read, is plainly no text, or unpacks to very much more than its size.
    """
    with _open_source(source) as file:
        first = file.read(_CHUNK)
        for magic, name in _OTHERS.items():
            if first.startswith(magic):
                raise ImportFormatError(f"{source} is {name}. Expected JSON, Parquet or SQLite")
        chunks = _read(file, first, tick)
        yield from _unpack_gzip(chunks, str(source)) if first.startswith(GZIP) else chunks


def _open_source(source: Path | str) -> IO[bytes]:
    if source == STDIN:
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    try:
        return _check_path(Path(source)).open("rb")
    except OSError as error:
        raise ImportFormatError(f"{source} cannot be read: {error.strerror or error}") from error


def _read(file: IO[bytes], first: bytes, tick: Tick | None) -> Iterator[bytes]:
    chunk = first
    while chunk:
        if tick:
            tick(len(chunk))
        yield chunk
        chunk = file.read(_CHUNK)


def _unpack_gzip(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """A gzip stream unpacked a megabyte at a time; members one after another are one stream."""
    packed, size = 0, 0
    unpacker = zlib.decompressobj(wbits=31)
    for chunk in chunks:
        packed += len(chunk)
        rest = chunk
        while rest:
            try:
                data = unpacker.decompress(rest, _CHUNK)
            except zlib.error as error:
                raise BrokenArchiveError(str(error)) from error
            size += len(data)
            if size > FREE and size > MAX_RATIO * packed:
                raise ImportFormatError(
                    f"{name} unpacks to more than {MAX_RATIO} times its size and is refused; "
                    "if that is right, unpack it with gunzip and import the file"
                )
            yield data
            rest = unpacker.unconsumed_tail
            if unpacker.eof:
                rest = unpacker.unused_data.lstrip(b"\0")
                unpacker = zlib.decompressobj(wbits=31) if rest else unpacker
    if not unpacker.eof:
        raise BrokenArchiveError("it ends too early")
