"""Files of JSON records, read as a stream: JSON lines or one JSON array, plain or gzip.

Only the record being read is held in memory, however long the file is.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TypeAlias

from langchain_awo.errors import ImportFormatError
from langchain_awo.model.encoding import loads, to_json
from langchain_awo.model.trace import JSONValue

Lines: TypeAlias = Iterable[str | bytes]

_GZIP_MAGIC: Final = b"\x1f\x8b"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_OTHER_FILES: Final = {
    b"SQLite format 3\0": "a SQLite database; if it is a trace store, open it as one",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip archive; unpack it first",
}
_CHUNK: Final = 1 << 20
_MANY_DIGITS: Final = re.compile(r"\d{19}")


class BadRecordError(ValueError):
    """A record is not what its format says; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A record that was left out.

    Attributes:
        number: line in which it starts, counted from 1.
        reason: what is wrong with it, for a person.
    """

    number: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Numbered:
    """A record and the line it starts in, counted from 1."""

    number: int
    value: JSONValue


def read_records(source: str | Path | Lines) -> Iterator[Numbered | BadLine]:
    """The records of a file or of lines, in order; what cannot be read comes as a `BadLine` in its place.

    Raises:
        ImportFormatError: there is no such file, or it is plainly no text.
    """
    if not isinstance(source, str | Path):
        yield from _records_of(iter(source))
        return
    with _opened(Path(source)) as file:
        yield from _records_of(iter(file))


def parse_json(text: str | bytes) -> JSONValue:
    """JSON as people and models write it: numbers that JSON tools would round become text, NaN becomes `"nan"`.

    Raises:
        ValueError: the text is not JSON.
    """
    text = text if isinstance(text, str) else text.decode()
    if not _MANY_DIGITS.search(text):
        try:
            return loads(text)
        except ValueError:
            pass  # NaN and lone surrogates are no JSON, but Python writes them
    try:
        return to_json(json.loads(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise ImportFormatError(f"{path} cannot be read: {error.strerror}") from error
    with file:
        head = file.read(16)
        file.seek(0)
        for magic, name in _OTHER_FILES.items():
            if head.startswith(magic):
                raise ImportFormatError(
                    f"{path} is {name}; expected JSON lines or a JSON array, plain or gzip"
                )
        if head.startswith(_GZIP_MAGIC):
            with gzip.open(file) as unpacked:
                yield unpacked  # type: ignore[misc]  # a GzipFile is all of IO[bytes] that is used here
        else:
            yield file


def _records_of(lines: Iterator[str | bytes]) -> Iterator[Numbered | BadLine]:
    number = 0
    try:
        for number, line in enumerate(lines, start=1):
            data = line.encode() if isinstance(line, str) else line
            data = data.removeprefix(_BYTE_ORDER_MARK) if number == 1 else data
            if data.lstrip().startswith(b"[") and number == 1:
                yield from _array(data, lines)
                return
            if data.strip():
                yield _record(number, data)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        yield BadLine(number + 1, f"the compressed file breaks off or is damaged here ({error})")


def _record(number: int, line: bytes) -> Numbered | BadLine:
    try:
        return Numbered(number, parse_json(line))
    except UnicodeDecodeError:
        return BadLine(number, "not UTF-8 text")
    except ValueError as error:
        ending = "" if line.endswith(b"\n") else " (the line has no end; its writer may have been stopped)"
        return BadLine(number, f"not JSON: {_problem(error)}{ending}")


def _problem(error: ValueError) -> str:
    return f"{error.msg} at character {error.pos}" if isinstance(error, json.JSONDecodeError) else str(error)


def _array(first: bytes, rest: Iterator[str | bytes]) -> Iterator[Numbered | BadLine]:
    """The elements of a JSON array that starts in `first`, each as soon as its text is complete."""
    decoder = json.JSONDecoder()
    text, number, wanted, ended = first.decode("utf-8", "replace").lstrip()[1:], 1, 0, False
    while True:
        stripped = text.lstrip(" \t\r\n,")
        number += text[: len(text) - len(stripped)].count("\n")
        text = stripped
        if text.startswith("]"):
            return
        try:
            value, end = decoder.raw_decode(text)
        except (ValueError, RecursionError) as error:
            if ended:
                yield BadLine(number, f"the JSON array breaks off or is malformed from here on: {error}")
                return
            wanted = max(_CHUNK, 2 * len(text)) if wanted else 1
            more, ended = _more_text(rest, wanted - len(text))
            text += more
            continue
        yield Numbered(number, to_json(value))
        number += text[:end].count("\n")
        text, wanted = text[end:], 0


def _more_text(lines: Iterator[str | bytes], size: int) -> tuple[str, bool]:
    parts: list[str] = []
    for line in lines:
        parts.append(line if isinstance(line, str) else line.decode("utf-8", "replace"))
        size -= len(parts[-1])
        if size <= 0:
            return "".join(parts), False
    return "".join(parts), True
