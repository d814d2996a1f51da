"""Traces as JSON lines: to read, to diff, to send; several processes may append at once.

The first line says what the file is. Each further line is a trace, or a tool specification that later traces
name by digest.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import orjson

from langchain_awo.errors import SchemaVersionError, StoreError, TornRecordError
from langchain_awo.model.text.encoding import dump_line
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import TRACE_SCHEMA_VERSION, Trace
from langchain_awo.stores.decoding import Specs
from langchain_awo.stores.decoding_data import decode_trace_data
from langchain_awo.stores.jsonl_index import LineIndex, is_object, read_object
from langchain_awo.stores.linefile import Line, LineFile
from langchain_awo.stores.records import Batches, Record
from langchain_awo.stores.scope import LABELS, Scope, ScopeKey, read_scope_key, with_query
from langchain_awo.stores.selection import Selection
from langchain_awo.stores.store import OnTorn, TraceStore, log_torn
from langchain_awo.stores.summary import StoreSummary, summarize

HEADER: Final = orjson.dumps({"langchain_awo": "traces", "schema_version": TRACE_SCHEMA_VERSION}) + b"\n"
"""The first line of a store."""


class JsonlTraceStore(TraceStore):
    """A store in one file of JSON lines.

    Args:
        path: the file.
        scope: what this handle is limited to.
        create: make it if there is none.
    """

    def __init__(self, path: Path, *, scope: Scope, create: bool) -> None:
        self.scope = scope
        self._file = LineFile(path, is_whole=is_object)
        self._mutex = threading.RLock()
        self._index = LineIndex()
        if create and not self._file.compressed and not path.exists():
            with self._file.writing():
                path.touch()
        _check_header(path, self._file.line())
        if create and not self._file.compressed and self._file.size() == 0:
            with self._file.writing():
                self._ensure_header()

    @property
    def url(self) -> str:
        """Path of the file, as a URL if it has to name a scope."""
        path = str(self._file.path)
        return with_query(f"jsonl:///{path}", self.scope.given.items()) if self.scope.given else path

    def append(self, traces: Iterable[Trace]) -> None:
        """See `TraceStore.append`."""
        batches = Batches(traces)
        for batch in batches:
            self._caught_up()  # the long way outside the lock
            with self._mutex, self._file.writing():
                self._ensure_header()
                self._catch_up(self._file.size())
                self._file.append(b"".join(_encode_lines(batch, self.scope.key, known=self._index.specs)))
        batches.check(str(self._file.path))

    def read(
        self, wanted: Selection, *, outputs: bool = True, on_error: OnTorn | None = None
    ) -> Iterator[tuple[ScopeKey, Trace]]:
        """See `TraceStore.read`."""
        for line in self._current_lines(on_error):
            try:
                found = self._read(line, wanted, outputs=outputs)
            except TornRecordError as error:
                if on_error is None:
                    raise
                on_error(error)
                continue
            if found is not None:
                yield found

    def get(self, trace_id: str) -> Trace:
        """See `TraceStore.get`."""
        latest = self._caught_up().latest
        places = [
            place
            for (labels, key), place in latest.items()
            if key == trace_id and self.scope.includes(labels)
        ]
        if not places:
            raise KeyError(trace_id)
        number, offset = max(places)
        line = self._file.line(offset=offset, number=number)
        found = self._read(line, Selection(scope=self.scope), outputs=True) if line else None
        if found is None:
            raise KeyError(trace_id)
        return found[1]

    def remove(self, wanted: Selection) -> int:
        """See `TraceStore.remove`."""
        removed = 0

        def is_kept(line: Line) -> bool:
            nonlocal removed
            try:
                gone = wanted.includes(read_object(line)) if _is_trace(line) else False
            except ValueError:
                return True  # nobody knows whose it is; `vacuum` drops it
            removed += gone
            return not gone

        self._rewrite(is_kept)
        return removed

    def vacuum(self) -> None:
        """Writes the file anew without lines that were replaced or are cut off, and without tools nobody names."""
        used = {digest for line in self._current_lines() for digest in _read_tool_names(line)}

        def is_kept(line: Line) -> bool:
            try:
                data = read_object(line)
            except ValueError:
                return False
            return "trace_id" in data or data["tool"] in used

        self._rewrite(is_kept)

    def summarize(self) -> StoreSummary:
        """See `TraceStore.summarize`."""
        everything = Selection(scope=self.scope)
        return summarize(
            self.read(everything, outputs=False, on_error=log_torn),
            schema_version=TRACE_SCHEMA_VERSION,
            size=self._file.size(),
        )

    def __len__(self) -> int:
        latest = self._caught_up().latest
        return sum(self.scope.includes(labels) for labels, _ in latest) if self.scope.given else len(latest)

    def close(self) -> None:
        """Nothing is held open between calls."""

    def _current_lines(self, on_error: OnTorn | None = None) -> Iterator[Line]:
        """The lines but for the header and those that were replaced, up to where the file ends now."""
        known = self._caught_up()
        end, last = known.offset, known.number - 1
        for line in self._readable_lines(on_error):
            if line.offset >= end:
                return
            later = known.replaced.get(line.number)
            if line.number > 1 and (later is None or later > last):
                yield line

    def _ensure_header(self) -> None:
        """Starts the file, also anew when the one who started it was killed; to be called while writing."""
        if self._file.size() < len(HEADER):
            self._file.path.write_bytes(HEADER)
            self._index = LineIndex(self._file.identity())

    def _caught_up(self) -> LineIndex:
        with self._mutex:
            self._catch_up(self._file.settled_size())
            return self._index

    def _catch_up(self, end: int) -> None:
        """Takes in the lines that were added since the last time."""
        if self._file.compressed and self._index.offset:
            return
        identity = self._file.identity()
        if identity != self._index.identity or (end < self._index.offset and not self._file.compressed):
            self._index = LineIndex(identity)  # somebody wrote the file anew
        index = self._index
        with contextlib.suppress(TornRecordError):  # reported by whoever reads the traces
            for line in self._file.lines(offset=index.offset, number=index.number):
                if line.offset >= end and not self._file.compressed:
                    return
                index.note(line)

    def _rewrite(self, is_kept: Callable[[Line], bool]) -> None:
        """Writes the file anew with some of its lines and none that was replaced, while every other writer waits."""
        with self._mutex, self._file.writing():
            self._catch_up(self._file.size())
            fresh = self._file.path.with_name(f".{self._file.path.name}.{os.getpid()}")
            try:
                with fresh.open("wb") as file:
                    for line in self._file.lines():
                        if line.number == 1 or (line.number not in self._index.replaced and is_kept(line)):
                            file.write(line.data if line.has_end else line.data + b"\n")
                    file.flush()
                    os.fsync(file.fileno())
                fresh.chmod(self._file.path.stat().st_mode)
                fresh.replace(self._file.path)
            finally:
                fresh.unlink(missing_ok=True)

    def _readable_lines(self, on_error: OnTorn | None) -> Iterator[Line]:
        try:
            yield from self._file.lines()
        except TornRecordError as error:
            if on_error is None:
                raise
            on_error(error)

    def _read(self, line: Line, wanted: Selection, *, outputs: bool) -> tuple[ScopeKey, Trace] | None:
        """The trace of a line and its labels; `None` for a tool, an empty line, and a trace that is not wanted."""
        if not line.data.strip():
            return None
        try:
            data = read_object(line)
            if ("tool" in data and "trace_id" not in data) or not wanted.includes(data):
                return None
            return read_scope_key(data), decode_trace_data(data, self._index.specs, outputs=outputs)
        except (ValueError, RecursionError) as error:
            raise TornRecordError(f"{self._file.path}, line {line.number}", str(error)) from error


def _encode_lines(batch: list[Record], scope: ScopeKey, *, known: Specs) -> Iterator[bytes]:
    labels = {name: value for name, value in zip(LABELS, scope, strict=True) if value}
    written: set[str] = set()
    for record in batch:
        for name, spec in record.specs.items():
            if name not in known and name not in written:
                written.add(name)
                yield dump_line({"tool": name, **spec}) + b"\n"
        yield dump_line({"trace_id": record.trace_id, **labels, **record.data}) + b"\n"


def _is_trace(line: Line) -> bool:
    return bool(line.data.strip()) and "trace_id" in read_object(line)


def _read_tool_names(line: Line) -> list[JSONValue]:
    try:
        names = read_object(line).get("tools") or []
    except ValueError:
        return []
    return names if isinstance(names, list) else []


def _check_header(path: Path, first: Line | None) -> None:
    if first is None or (not first.has_end and HEADER.startswith(first.data)):
        return
    header = orjson.loads(first.data) if is_object(first.data) else {}
    if header.get("langchain_awo") != "traces":
        raise StoreError(
            f"{path} is not a trace store: its first line should be {HEADER.decode().strip()}. "
            f"If it holds recorded chat messages, import it: awo import messages {path} --store traces.db"
        )
    if header.get("schema_version") != TRACE_SCHEMA_VERSION:
        raise SchemaVersionError(str(path), found=header.get("schema_version"), expected=TRACE_SCHEMA_VERSION)
