r"""A stream of bytes into JSON records: JSON lines, one array, one object over many lines, or several one after another.

Only the record being read is held in memory. Ends of values are found by counting brackets, so an element that is no JSON
costs only itself. An object that holds its records in a list, such as `{"runs": [...]}`, is read element by element too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from langchain_awo.capture.importers.lines import BadLine, BrokenArchiveError, Numbered, parse_json
from langchain_awo.model.text.json_value import JSONValue

MAX_RECORD: Final = 512_000_000
"""A longer record, in bytes, is refused: reading it takes several times its size in memory."""

MAX_BRACKETS: Final = 20_000_000
"""A record with more objects and lists is refused, for the same reason."""

MAX_DEPTH: Final = 100_000
"""In a record that is nested deeper, nobody looks for its end; parsers take a thousand."""

LISTS_OF_RECORDS: Final = (
    *("runs", "post", "patch", "spans", "resourceSpans", "resource_spans"),
    *("samples", "simulations", "traces", "data"),
)
"""Keys under which an object holds records; an object without them, or with `messages` before them, is a record."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_TO_BRACKET: Final = re.compile(rb'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+', re.DOTALL)
_IN_STRING: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_SPACE: Final = re.compile(rb"[\s,\x1e]*+")
_SCALAR: Final = re.compile(rb"[^\s,\]}]*+")
_LONG_LINE: Final = 4_000_000
_QUOTE: Final = ord('"')
_OPEN: Final = b"{["
_MORE_FOLLOWS: Final = (b"{", b"[", b",", b":")


def split_records(chunks: Iterable[bytes]) -> Iterator[Numbered | BadLine]:
    """The records in a stream, in order; what cannot be read comes as a `BadLine` in its place."""
    text = _Text(iter(chunks))
    head = text.first_line()
    is_lines = head[:1] not in (b"{", b"[") or (head[:1] == b"{" and not head.endswith(_MORE_FOLLOWS))
    yield from _read_by_line(text) if is_lines else _read_values(text)
    if text.broken:
        yield BadLine(text.number, f"the compressed file is truncated or damaged here ({text.broken})")


class _Text:
    """The bytes that are not read yet, from `at` on, and the line that `at` is in."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.data = bytearray()
        self.at = 0
        self.number = 1
        self.ended = False
        self.broken = ""

    def more(self) -> bool:
        """Reads on; false when there is nothing more."""
        try:
            chunk = None if self.ended else next(self._chunks, None)
        except BrokenArchiveError as error:
            chunk, self.broken = None, str(error)
        self.ended = chunk is None
        self.data += chunk or b""
        return not self.ended

    def stop(self) -> None:
        """Reads nothing more: where the next record starts is not known."""
        self._chunks, self.ended = iter(()), True
        self.at = len(self.data)

    def drop(self, end: int) -> None:
        """Forgets what stands before a place; places before and after it are not the same ones any more."""
        self.number += self.data.count(b"\n", self.at, end)
        self.at = end
        if self.at > 1 << 20:
            del self.data[: self.at]
            self.at = 0

    def first_line(self) -> bytes:
        """The first line that is not blank; of a long one, and of an array, only how it begins."""
        while len(self.data) < len(_BYTE_ORDER_MARK) and self.more():
            pass
        if self.data.startswith(_BYTE_ORDER_MARK):
            del self.data[: len(_BYTE_ORDER_MARK)]
        start = self.skip_space()
        while (end := self.data.find(b"\n", start)) < 0:
            start = len(self.data)
            if self.data[self.at : self.at + 1] == b"[" or start - self.at > _LONG_LINE:
                return bytes(self.data[self.at : self.at + 1])
            if not self.more():
                return bytes(self.data[self.at :]).strip()
        return bytes(self.data[self.at : end]).strip()

    def skip_space(self) -> int:
        """Passes over space and commas; returns where something else stands, or the end."""
        while True:
            self.drop(self.end_of(_SPACE, self.at))
            if self.at < len(self.data) or not self.more():
                return self.at

    def end_of(self, pattern: re.Pattern[bytes], start: int) -> int:
        """Where a match that starts at a place ends."""
        found = pattern.match(self.data, start)
        return found.end() if found else start


def _read_by_line(text: _Text) -> Iterator[Numbered | BadLine]:
    searched = 0
    while True:
        end = text.data.find(b"\n", text.at + searched)
        if end < 0 and not text.ended:
            searched = len(text.data) - text.at
            if searched > MAX_RECORD:
                yield BadLine(text.number, _describe_excess())
                return
            text.more()
            continue
        line = bytes(text.data[text.at : end if end >= 0 else len(text.data)])
        if line.strip():
            yield from _unwrap_records(_parse_record(text.number, line, has_end=end >= 0))
        if end < 0:
            return
        text.drop(end + 1)
        searched = 0


def _parse_record(number: int, data: bytes, *, has_end: bool = True) -> Numbered | BadLine:
    if len(data) > MAX_RECORD or (
        len(data) > MAX_BRACKETS and data.count(b"{") + data.count(b"[") > MAX_BRACKETS
    ):
        return BadLine(number, _describe_excess())
    try:
        return Numbered(number, parse_json(data))
    except UnicodeDecodeError:
        return BadLine(number, "not UTF-8 text")
    except ValueError as error:
        ending = "" if has_end else " (the line has no end; its writer may have been stopped)"
        return BadLine(number, f"not JSON: {_describe_problem(error)}{ending}")


def _unwrap_records(record: Numbered | BadLine) -> Iterator[Numbered | BadLine]:
    """The records in the lists of an object, else the object itself."""
    value = record.value if isinstance(record, Numbered) else None
    if not isinstance(value, dict) or "messages" in value or not any(map(value.get, LISTS_OF_RECORDS)):
        yield record
        return
    held = {key: value[key] for key in LISTS_OF_RECORDS if _is_list_of_objects(value.get(key))}
    around = {key: item for key, item in value.items() if key not in held}
    elements = (item for items in held.values() for item in items)
    yield from (Numbered(record.number, item, around) for item in elements) if held else (record,)


def _is_list_of_objects(value: JSONValue) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _read_values(text: _Text) -> Iterator[Numbered | BadLine]:
    """Values one after another; the elements of a list stand for themselves."""
    while text.skip_space() < len(text.data):
        if text.data[text.at] == ord("["):
            text.drop(text.at + 1)
            yield from _read_elements(text, {})
        elif text.data[text.at] == ord("{"):
            yield from _read_object(text)
        else:
            number = text.number
            yield _read_value(text, {}) or _build_bad_line(number, "text", text)


def _read_elements(text: _Text, around: Mapping[str, JSONValue]) -> Iterator[Numbered | BadLine]:
    group = text.number
    while text.skip_space() < len(text.data):
        if text.data[text.at] in b"]}":
            text.drop(text.at + 1)
            return
        number, record = text.number, _read_value(text, around, group=group)
        if record is None:
            yield _build_bad_line(number, "array", text)
            return
        yield record
    yield _build_bad_line(text.number, "array", text)


def _build_bad_line(number: int, what: str, text: _Text) -> BadLine:
    if not text.ended:
        text.stop()
        return BadLine(number, f"{_describe_excess()}; nothing after it is read")
    return BadLine(number, f"the JSON {what} is truncated or malformed from here on")


def _read_value(text: _Text, around: Mapping[str, JSONValue], *, group: int = 0) -> Numbered | BadLine | None:
    """The value that starts here, `None` when it does not end."""
    number, end = text.number, _find_value_end(text, text.at)
    if end is None:
        if text.ended:
            text.drop(len(text.data))
        return None
    end = max(end, text.at + 1)
    record = _parse_record(number, bytes(text.data[text.at : end]))
    text.drop(end)
    return Numbered(number, record.value, around, group=group) if isinstance(record, Numbered) else record


def _read_object(text: _Text) -> Iterator[Numbered | BadLine]:
    """The records in the lists of an object, with what it says before them; else the object itself.

    What it says is parsed when there is such a list: most objects are records, and are parsed as a whole.
    """
    around: dict[str, JSONValue] = {}
    said: dict[str, tuple[int, int]] = {}
    place, streamed = text.at + 1, False
    while (key := _find_next_key(text, place)) is not None:
        name, place = key
        if (
            name in LISTS_OF_RECORDS
            and "messages" not in (around.keys() | said)
            and _opens_objects(text, place)
        ):
            around |= _parse_members(text, said)
            said.clear()
            text.drop(place + 1)
            yield from _read_elements(text, dict(around))
            place, streamed = text.at, True
            continue
        end = _find_value_end(text, place)
        if end is None:
            break
        said[name] = place, end
        place = end
    if streamed:
        text.drop(min(_find_space_end(text, place) + 1, len(text.data)))
    else:
        number = text.number
        yield _read_value(text, {}) or _build_bad_line(number, "object", text)


def _parse_members(text: _Text, said: Mapping[str, tuple[int, int]]) -> dict[str, JSONValue]:
    return {name: _parse_leniently(bytes(text.data[start:end])) for name, (start, end) in said.items()}


def _find_next_key(text: _Text, place: int) -> tuple[str, int] | None:
    """The next key of an object and where its value starts; `None` at the end of the object."""
    start = _find_space_end(text, place)
    if start >= len(text.data) or text.data[start] != _QUOTE:
        return None
    end = _find_value_end(text, start)
    colon = _find_space_end(text, end) if end is not None else len(text.data)
    if end is None or colon >= len(text.data) or text.data[colon] != ord(":"):
        return None
    return str(_parse_leniently(bytes(text.data[start:end]))), _find_space_end(text, colon + 1)


def _opens_objects(text: _Text, place: int) -> bool:
    if text.data[place : place + 1] != b"[":
        return False
    first = _find_space_end(text, place + 1)
    return text.data[first : first + 1] == b"{"


def _find_space_end(text: _Text, place: int) -> int:
    return _find_run_end(text, _SPACE, place)


def _find_run_end(text: _Text, pattern: re.Pattern[bytes], place: int) -> int:
    """Where bytes of one kind end. Reads every byte once."""
    while (place := text.end_of(pattern, place)) >= len(text.data) and text.more():
        pass
    return place


def _find_value_end(text: _Text, start: int) -> int | None:
    """Where the value that starts at a place ends; `None` when the stream ends before it. Reads every byte once."""
    if start >= len(text.data):
        return None
    first = text.data[start]
    if first == _QUOTE:
        return _find_string_end(text, start + 1)
    if first not in _OPEN:
        return _find_run_end(text, _SCALAR, start)
    return _find_brackets_end(text, start)


def _find_brackets_end(text: _Text, start: int) -> int | None:
    depth, seen, place, data, skip = 0, 0, start, text.data, _TO_BRACKET.match
    while True:
        found = skip(data, place)
        place = found.end() if found else place
        if place >= len(data):
            if place - start > MAX_RECORD or not text.more():
                return None
            continue
        byte = data[place]
        if byte == _QUOTE:  # a text that the pattern did not see the end of
            end = _find_string_end(text, place + 1)
            if end is None:
                return None
            place = end
            continue
        depth += 1 if byte in _OPEN else -1
        place += 1
        seen += 1
        if depth == 0:
            return place
        if depth > MAX_DEPTH or seen > MAX_BRACKETS:
            return None


def _find_string_end(text: _Text, place: int) -> int | None:
    begin = place
    while True:
        place = text.end_of(_IN_STRING, place)
        if place < len(text.data) and text.data[place] == _QUOTE:
            return place + 1
        if place - begin > MAX_RECORD or not text.more():
            return None


def _parse_leniently(data: bytes) -> JSONValue:
    try:
        return parse_json(data)
    except ValueError:
        return None


def _describe_problem(error: ValueError) -> str:
    return f"{error.msg} at character {error.pos}" if isinstance(error, json.JSONDecodeError) else str(error)


def _describe_excess() -> str:
    return f"the record that starts here is too large to be read or nested too deeply (the limit is {MAX_RECORD // 10**6} MB)"
