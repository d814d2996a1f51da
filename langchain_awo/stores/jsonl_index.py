"""What is known of the lines of a JSON-lines store without reading each anew."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import orjson

from langchain_awo.model.text.encoding import loads
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.stores.decoding import Specs
from langchain_awo.stores.linefile import Line
from langchain_awo.stores.scope import LABELS, ScopeKey, read_scope_key

TraceKey: TypeAlias = tuple[ScopeKey, str]
"""The labels of a trace, and its id."""

_TEXT: Final = rb'("(?:[^"\\]|\\.)*")'
_START: Final = re.compile(
    rb'\{"(?:tool":'
    + _TEXT
    + rb'|trace_id":'
    + _TEXT
    + b"".join(rb'(?:,"%s":%s)?' % (label.encode(), _TEXT) for label in LABELS)
    + rb")"
)
_LABEL_KEYS: Final = tuple(f'"{label}":'.encode() for label in LABELS)


@dataclass(slots=True)
class LineIndex:
    """What is known of the lines up to `offset`.

    Attributes:
        identity: tells the file from one that took its place.
        open_end: the last of these lines has no end; what a writer adds to end it is no line of its own.
        latest: line number and offset of each trace.
        replaced: the later line that took the place of a line.
        specs: tool specifications.
    """

    identity: tuple[int, int] | None = None
    offset: int = 0
    number: int = 1
    open_end: bool = False
    latest: dict[TraceKey, tuple[int, int]] = field(default_factory=dict)
    replaced: dict[int, int] = field(default_factory=dict)
    specs: Specs = field(default_factory=Specs)

    def note(self, line: Line) -> None:
        """Takes in the next line."""
        self.offset += len(line.data)
        if self.open_end:
            self.open_end = not line.has_end
            return
        self.number, self.open_end = line.number + 1, not line.has_end
        record = _find_key(line)
        if isinstance(record, str):
            data = loads(line.data)
            self.specs.add(record, {key: value for key, value in data.items() if key != "tool"})
        elif record is not None:
            earlier = self.latest.pop(record, None)
            if earlier:
                self.replaced[earlier[0]] = line.number
            self.latest[record] = (line.number, line.offset)


def _find_key(line: Line) -> TraceKey | str | None:
    """The key of a trace, the digest of a tool, or `None` for neither."""
    try:
        return _read_from_start(line) or _read_from_all(read_object(line))
    except ValueError:
        return None


def _read_from_start(line: Line) -> TraceKey | None:
    """The key of a trace from the first bytes of its line, when it is as this package writes it."""
    start = _START.match(line.data)
    if start is None or start[2] is None or not (line.has_end and line.data.rstrip().endswith(b"}")):
        return None
    if any(key in line.data[start.end() :] for key in _LABEL_KEYS):
        return None  # somebody may have written the keys in another order
    trace_id, *labels = (orjson.loads(text) if text else "" for text in start.groups()[1:])
    return tuple(labels), trace_id


def _read_from_all(data: dict[str, JSONValue]) -> TraceKey | str:
    trace_id: Any = data.get("trace_id")
    return (read_scope_key(data), trace_id) if isinstance(trace_id, str) else str(data["tool"])


def read_object(line: Line) -> dict[str, JSONValue]:
    """The object on a line.

    Raises:
        ValueError: there is none; the text says what there is.
    """
    cut = line.is_marked or not line.has_end
    if cut and not is_object(line.data):
        raise ValueError("the line is cut off: its writer was stopped; the other lines are not affected")
    try:
        value = loads(line.data)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error
    record: dict[str, JSONValue] = value if isinstance(value, dict) else {}
    if not any(isinstance(record.get(key), str) for key in ("trace_id", "tool")):
        raise ValueError("neither a trace nor a tool specification")
    if not all(isinstance(record.get(label, ""), str) for label in LABELS):
        raise ValueError(f"{', '.join(LABELS)}: these must be texts")
    return record


def is_object(data: bytes) -> bool:
    """Whether bytes are a JSON object."""
    try:
        return isinstance(orjson.loads(data), dict)
    except ValueError:
        return False
