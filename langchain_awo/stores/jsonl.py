"""Traces as JSON lines: to read, to diff, to send; several processes may append at once.

The first line says what the file is. Each further line is a trace, or a tool specification that later traces
name by digest.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from langchain_awo.errors import SchemaVersionError, StoreError, TornRecordError
from langchain_awo.model.encoding import dump_line, loads
from langchain_awo.model.trace import TRACE_SCHEMA_VERSION, JSONValue, Trace
from langchain_awo.stores.linefile import Line, LineFile
from langchain_awo.stores.records import Batches, Record, decode
from langchain_awo.stores.selection import Selection
from langchain_awo.stores.store import OnTorn, TraceStore

HEADER: Final = orjson.dumps({"langchain_awo": "traces", "schema_version": TRACE_SCHEMA_VERSION}) + b"\n"
"""The first line of a store."""

_FIRST_KEY: Final = re.compile(rb'\{"(trace_id|tool)":("(?:[^"\\]|\\.)*")')


@dataclass(slots=True)
class _Index:
    """What is known of the lines up to `offset`.

    Attributes:
        open_end: the last of these lines has no end; what a writer adds to end it is no line of its own.
        latest: line number and offset of each trace.
        replaced: the later line that took the place of a line.
        specs: tool specifications by digest.
    """

    offset: int = 0
    number: int = 1
    open_end: bool = False
    latest: dict[str, tuple[int, int]] = field(default_factory=dict)
    replaced: dict[int, int] = field(default_factory=dict)
    specs: dict[str, dict[str, JSONValue]] = field(default_factory=dict)


class JsonlTraceStore(TraceStore):
    """A store in one file of JSON lines.

    Args:
        path: the file.
        create: make it if there is none.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        self._file = LineFile(path, is_whole=_is_object)
        self._mutex = threading.RLock()
        self._index = _Index()
        if create and not self._file.compressed and not path.exists():
            with self._file.writing():
                path.touch()
        _check_header(path, self._file.line())
        if create and not self._file.compressed and self._file.size() == 0:
            with self._file.writing():
                self._ensure_header()

    @property
    def url(self) -> str:
        """Path of the file."""
        return str(self._file.path)

    def append(self, traces: Iterable[Trace]) -> None:
        """See `TraceStore.append`."""
        batches = Batches(traces)
        for batch in batches:
            self._caught_up()  # the long way outside the lock
            with self._mutex, self._file.writing():
                self._ensure_header()
                self._catch_up(self._file.size())
                self._file.append(b"".join(_lines_of(batch, known=self._index.specs)))
        batches.check(self.url)

    def traces(
        self,
        *,
        domain: str | None = None,
        model: str | None = None,
        task_ids: Collection[str] | None = None,
        thread_id: str | None = None,
        since: float | None = None,
        on_error: OnTorn | None = None,
    ) -> Iterator[Trace]:
        """See `TraceStore.traces`."""
        wanted = Selection.of(domain=domain, model=model, task_ids=task_ids, thread_id=thread_id, since=since)
        known = self._caught_up()
        end, last = known.offset, known.number - 1
        for line in self._readable_lines(on_error):
            if line.offset >= end:
                return
            later = known.replaced.get(line.number)
            if line.number == 1 or (later is not None and later <= last):
                continue
            try:
                trace = self._read(line, wanted)
            except TornRecordError as error:
                if on_error is None:
                    raise
                on_error(error)
                continue
            if trace is not None:
                yield trace

    def get(self, trace_id: str) -> Trace:
        """See `TraceStore.get`."""
        number, offset = self._caught_up().latest[trace_id]
        line = self._file.line(offset=offset, number=number)
        trace = self._read(line, Selection()) if line else None
        if trace is None:
            raise KeyError(trace_id)
        return trace

    def __len__(self) -> int:
        return len(self._caught_up().latest)

    def close(self) -> None:
        """Nothing is held open between calls."""

    def _ensure_header(self) -> None:
        """Starts the file, also anew when the one who started it was killed; to be called while writing."""
        if self._file.size() < len(HEADER):
            self._file.path.write_bytes(HEADER)
            self._index = _Index()

    def _caught_up(self) -> _Index:
        with self._mutex:
            self._catch_up(self._file.settled_size())
            return self._index

    def _catch_up(self, end: int) -> None:
        """Takes in the lines that were added since the last time."""
        if self._file.compressed and self._index.offset:
            return
        if end < self._index.offset and not self._file.compressed:
            self._index = _Index()  # somebody wrote the file anew
        index = self._index
        with contextlib.suppress(TornRecordError):  # reported by whoever reads the traces
            for line in self._file.lines(offset=index.offset, number=index.number):
                if line.offset >= end and not self._file.compressed:
                    return
                self._note(line, index)

    def _note(self, line: Line, index: _Index) -> None:
        index.offset += len(line.data)
        if index.open_end:
            index.open_end = not line.has_end
            return
        index.number, index.open_end = line.number + 1, not line.has_end
        kind, key = _kind_of(line)
        if kind == "tool":
            index.specs[key] = _without(loads(line.data), "tool")
        elif kind == "trace_id":
            earlier = index.latest.pop(key, None)
            if earlier:
                index.replaced[earlier[0]] = line.number
            index.latest[key] = (line.number, line.offset)

    def _readable_lines(self, on_error: OnTorn | None) -> Iterator[Line]:
        try:
            yield from self._file.lines()
        except TornRecordError as error:
            if on_error is None:
                raise
            on_error(error)

    def _read(self, line: Line, wanted: Selection) -> Trace | None:
        """The trace of a line; `None` for a tool, an empty line, and a trace that is not wanted."""
        if not line.data.strip():
            return None
        try:
            data = _object(line)
            if "tool" in data and "trace_id" not in data:
                return None
            return decode(data, self._index.specs) if wanted.includes(data) else None
        except ValueError as error:
            raise TornRecordError(f"{self._file.path}, line {line.number}", str(error)) from error


def _lines_of(batch: list[Record], *, known: dict[str, Any]) -> Iterator[bytes]:
    written = set(known)
    for record in batch:
        for name, spec in record.specs.items():
            if name not in written:
                written.add(name)
                yield dump_line({"tool": name, **spec}) + b"\n"
        yield dump_line(record.data) + b"\n"


def _check_header(path: Path, first: Line | None) -> None:
    if first is None or (not first.has_end and HEADER.startswith(first.data)):
        return
    header = orjson.loads(first.data) if _is_object(first.data) else {}
    if header.get("langchain_awo") != "traces":
        raise StoreError(
            f"{path} is not a trace store: its first line should be {HEADER.decode().strip()}. "
            f"If it holds recorded chat messages, import it: awo import messages {path} --store traces.db"
        )
    if header.get("schema_version") != TRACE_SCHEMA_VERSION:
        raise SchemaVersionError(str(path), found=header.get("schema_version"), expected=TRACE_SCHEMA_VERSION)


def _kind_of(line: Line) -> tuple[str, str]:
    """Which kind of record a line is and its key, from its first bytes when it is as this module writes it."""
    try:
        start = _FIRST_KEY.match(line.data)
        if start and start[1] == b"trace_id" and line.has_end and line.data.rstrip().endswith(b"}"):
            return "trace_id", orjson.loads(start[2])
        data = _object(line)
    except ValueError:
        return "", ""
    kind = "trace_id" if isinstance(data.get("trace_id"), str) else "tool"
    return kind, data[kind]


def _object(line: Line) -> dict[str, JSONValue]:
    """The object on a line.

    Raises:
        ValueError: there is none; the text says what there is.
    """
    cut = line.is_marked or not line.has_end
    if cut and not _is_object(line.data):
        raise ValueError("the line is cut off: its writer was stopped; the other lines are not affected")
    try:
        value = loads(line.data)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error
    record: dict[str, JSONValue] = value if isinstance(value, dict) else {}
    if any(isinstance(record.get(key), str) for key in ("trace_id", "tool")):
        return record
    raise ValueError("neither a trace nor a tool specification")


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(orjson.loads(data), dict)
    except ValueError:
        return False


def _without(data: dict[str, JSONValue], key: str) -> dict[str, JSONValue]:
    return {name: value for name, value in data.items() if name != key}
