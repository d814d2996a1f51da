"""A file of lines that several processes append to, and in which a killed writer spoils one line at most.

A batch of lines is one write under a file lock. A writer that dies in the middle of it leaves a line without end;
the next one marks it with `CUT_OFF` and goes on below, so that a line with an end is complete unless it is marked.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import threading
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from langchain_awo.errors import StoreError, TornRecordError

CUT_OFF: Final = b" <cut off>\n"
"""Ends a line whose writer was killed; what stands before it is not complete."""

_LOCK_SECONDS: Final = 30
_GZIP_MAGIC: Final = b"\x1f\x8b"
_BROKEN_GZIP: Final = (EOFError, gzip.BadGzipFile, zlib.error)


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it stands in the file, its end included.

    Attributes:
        number: counted from 1.
        offset: where it starts, in bytes (of the unpacked file).
    """

    number: int
    offset: int
    data: bytes

    @property
    def has_end(self) -> bool:
        """Whether it was written to its end, or marked later as being cut off."""
        return self.data.endswith(b"\n")

    @property
    def is_marked(self) -> bool:
        """Whether it was found cut off by a later writer."""
        return self.data.endswith(CUT_OFF)


class LineFile:
    """One file of lines, plain or (to read only) gzip.

    Args:
        path: where it is.
        is_whole: tells whether a last line without end is complete all the same.
    """

    def __init__(self, path: Path, *, is_whole: Callable[[bytes], bool]) -> None:
        self.path = path
        self.compressed = _starts_with(path, _GZIP_MAGIC) or path.suffix == ".gz"
        self._is_whole = is_whole
        self._mutex = threading.RLock()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Keeps every other writer out, of this process and of others.

        Raises:
            StoreError: the file may not be written, or another writer does not come to an end.
        """
        if self.compressed:
            raise StoreError(f"{self.path} is compressed and can only be read; append to a plain .jsonl file")
        try:
            with self._mutex, self._lock():
                yield
        except Timeout as error:
            raise StoreError(
                f"{self.path} cannot be written: another process has held {self.path}.lock for {_LOCK_SECONDS} s"
            ) from error
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be written: {error.strerror}; free the space or choose another path"
            ) from error

    def settled_size(self) -> int:
        """Bytes in the file when no writer is in the middle of a batch, as far as a lock can be had to know it."""
        with self._mutex, contextlib.ExitStack() as held:
            if not self.compressed:
                with contextlib.suppress(OSError, Timeout):
                    held.enter_context(self._lock())
            return self.size()

    def size(self) -> int:
        """Bytes in the file as it lies on the disk."""
        return self.path.stat().st_size

    def identity(self) -> tuple[int, int]:
        """Tells this file from another one that takes its place."""
        status = self.path.stat()
        return status.st_dev, status.st_ino

    def append(self, data: bytes) -> None:
        """Writes whole lines at the end, or nothing; to be called while `writing`."""
        with self.path.open("r+b", buffering=0) as file:
            start = file.seek(0, os.SEEK_END)
            try:
                _write_all(file.fileno(), self._end_of_last_line() + data)
            except OSError:
                file.truncate(start)
                raise

    def lines(self, *, offset: int = 0, number: int = 1) -> Generator[Line]:
        """The lines from a place on.

        Raises:
            StoreError: the file cannot be read.
            TornRecordError: the compressed file breaks off.
        """
        try:
            with gzip.open(self.path) if self.compressed else self.path.open("rb") as file:
                file.seek(offset)
                for data in file:
                    yield Line(number, offset, data)
                    offset += len(data)
                    number += 1
        except _BROKEN_GZIP as error:
            where = f"{self.path}, line {number}"
            raise TornRecordError(where, f"the compressed file is truncated here ({error})") from error
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read: {error.strerror}") from error

    def line(self, *, offset: int = 0, number: int = 1) -> Line | None:
        """The line at a place; raises as `lines`."""
        with contextlib.closing(self.lines(offset=offset, number=number)) as lines:
            return next(lines, None)

    def _lock(self) -> FileLock:
        """A new one each time: a lock object must not be used on both sides of a fork."""
        return FileLock(f"{self.path}.lock", timeout=_LOCK_SECONDS)

    def _end_of_last_line(self) -> bytes:
        """What has to be written before a new line can start."""
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if size == 0 or _read_byte_before(file.fileno(), size) == b"\n":
                return b""
            return b"\n" if self._is_whole(_read_last_line(file.fileno(), size)) else CUT_OFF


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _read_byte_before(descriptor: int, offset: int) -> bytes:
    os.lseek(descriptor, offset - 1, os.SEEK_SET)
    return os.read(descriptor, 1)


def _read_last_line(descriptor: int, size: int) -> bytes:
    length = 1 << 16
    while True:
        length = min(length, size)
        os.lseek(descriptor, size - length, os.SEEK_SET)
        tail = os.read(descriptor, length)
        if b"\n" in tail or length == size:
            return tail[tail.rfind(b"\n") + 1 :]
        length *= 4


def _starts_with(path: Path, magic: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(magic)) == magic
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
