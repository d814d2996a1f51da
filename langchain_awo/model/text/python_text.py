"""Python literals and reprs as values: what LangChain makes of lists of dates, decimals, dataclasses and models by `str`.

An own reader, because `ast` reads no reprs of enumerations, and its parser may end the process on a hostile text.

>>> read_python("[Order(ref='R1', total=Decimal('1.50')), Order(ref='R2', total=nan)]")
[{'ref': 'R1', 'total': '1.50'}, {'ref': 'R2', 'total': 'NaN'}]
>>> read_python("ref='R1' at=datetime.date(2024, 1, 2)")
{'ref': 'R1', 'at': '2024-01-02'}
"""

from __future__ import annotations

import ast
import datetime as dt
import re
from collections.abc import Callable
from typing import Final, NamedTuple

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.snapshot import MAX_DEPTH, remove_surrogates, spell_float

_TOKEN: Final = re.compile(
    r"""
      (?P<text>[bBuU]?(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"))
    | (?P<shown><[^<>\n]*>)
    | (?P<number>[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))
    | (?P<name>-?[A-Za-z_][\w.]*)
    | (?P<mark>[\[\](){},:=])
    """,
    re.VERBOSE,
)
_SPACE: Final = re.compile(r"\s*")
_ENUM: Final = re.compile(r"<[\w.]+: (?:'([^'\\]*)'|\"([^\"\\]*)\"|(-?\d+))>")
_WORDS: Final = {
    "None": None,
    "null": None,
    "True": True,
    "true": True,
    "False": False,
    "false": False,
    "nan": "NaN",
    "NaN": "NaN",
    "inf": "Infinity",
    "Infinity": "Infinity",
    "-inf": "-Infinity",
    "-Infinity": "-Infinity",
}
_CLOSING: Final = {"[": "]", "(": ")", "{": "}"}
_MOMENTS: Final = {"datetime": dt.datetime, "date": dt.date, "time": dt.time}


class _UnreadableError(ValueError):
    """The text is no Python literal or repr."""


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


_END: Final = _Token("end", "", -1, -1)


def read_python(text: str) -> JSONValue:
    """The value of a container, of a repr with named fields, or of several one after the other; else `None`."""
    try:
        return _TokenReader(text).read()
    except _UnreadableError:
        return None


class _TokenReader:
    """Reads a text from left to right, one token ahead."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.ahead = self._scan(0)

    def read(self) -> JSONValue:
        if self._is_field():
            fields = self._fields()
            return fields if len(fields) > 1 else None
        values = [self._whole()]
        while self.ahead is not _END:
            values.append(self._whole())
        return values if len(values) > 1 else values[0]

    def _whole(self) -> JSONValue:
        """A value that is no scalar."""
        value = self._value(0)
        if not isinstance(value, dict | list):
            raise _UnreadableError
        return value

    # --- tokens ---

    def _scan(self, at: int) -> _Token:
        start = _SPACE.match(self.text, at).end()  # type: ignore[union-attr]  # it matches everywhere
        if start == len(self.text):
            return _END
        found = _TOKEN.match(self.text, start)
        if found is None or found.lastgroup is None:
            raise _UnreadableError
        return _Token(found.lastgroup, found[0], start, found.end())

    def _take(self) -> _Token:
        token = self.ahead
        if token is _END:
            raise _UnreadableError
        self.ahead = self._scan(token.end)
        return token

    def _takes(self, mark: str) -> bool:
        if self.ahead.kind != "mark" or self.ahead.text != mark:
            return False
        self._take()
        return True

    def _is_field(self) -> bool:
        """Whether a name with `=` comes next."""
        return self.ahead.kind == "name" and self.text[self.ahead.end : self.ahead.end + 1] == "="

    # --- values ---

    def _value(self, depth: int) -> JSONValue:
        token = self._take()
        if token.kind == "text":
            return _unquote(token.text)
        if token.kind == "number":
            return _parse_number(token.text)
        if token.kind == "shown":
            return _simplify_enum(token.text)
        if depth > MAX_DEPTH:
            raise _UnreadableError
        if token.kind == "name":
            return self._called(token, depth) if self._takes("(") else _parse_word(token.text)
        if token.text == "{":
            return self._braces(depth)
        if token.text in _CLOSING:
            return self._elements(token.text, depth)
        raise _UnreadableError

    def _elements(self, opening: str, depth: int) -> list[JSONValue]:
        elements: list[JSONValue] = []
        closing, parted = _CLOSING[opening], False
        while not self._takes(closing):
            elements.append(self._value(depth + 1))
            if not self._takes(","):
                self._close(closing)
                break
            parted = True
        if opening == "(" and elements and not parted:
            raise _UnreadableError
        return elements

    def _close(self, closing: str) -> None:
        if not self._takes(closing):
            raise _UnreadableError

    def _braces(self, depth: int) -> JSONValue:
        """A dictionary, or a set as a list."""
        if self._takes("}"):
            return {}
        first = self._value(depth + 1)
        if not self._takes(":"):
            if self._takes(","):
                return [first, *self._elements("{", depth)]
            self._close("}")
            return [first]
        members: dict[str, JSONValue] = {}
        self._member(members, first, depth)
        while self._takes(","):
            if self.ahead.text == "}":
                break
            key = self._value(depth + 1)
            if not self._takes(":"):
                raise _UnreadableError
            self._member(members, key, depth)
        self._close("}")
        return members

    def _member(self, members: dict[str, JSONValue], key: JSONValue, depth: int) -> None:
        name = key if isinstance(key, str) else str(key)
        if name in members:
            raise _UnreadableError
        members[name] = self._value(depth + 1)

    def _called(self, name: _Token, depth: int) -> JSONValue:
        """What a repr such as `Order(ref='R1')` or `Decimal('1.5')` says."""
        given: list[JSONValue] = []
        named: dict[str, JSONValue] = {}
        while not self._takes(")"):
            if self._is_field():
                self._field(named, depth)
            else:
                given.append(self._value(depth + 1))
            if not self._takes(","):
                end = self.ahead.end
                self._close(")")
                return self._meant(name, given, named, end)
        return [] if name.text in ("set", "frozenset") else named

    def _meant(
        self, name: _Token, given: list[JSONValue], named: dict[str, JSONValue], end: int
    ) -> JSONValue:
        kind = _MOMENTS.get(name.text.rpartition(".")[2])
        if kind is not None and given and (moment := _format_moment(kind, given, named)):
            return moment
        if not given:
            return named
        return given[0] if len(given) == 1 and not named else remove_surrogates(self.text[name.start : end])

    def _fields(self) -> dict[str, JSONValue]:
        """Fields with blanks between them, as models of pydantic are written."""
        fields: dict[str, JSONValue] = {}
        while self._is_field():
            self._field(fields, 0)
        if self.ahead is not _END:
            raise _UnreadableError
        return fields

    def _field(self, fields: dict[str, JSONValue], depth: int) -> None:
        name = self._take().text
        self._take()  # the equals sign, see `_is_field`
        if name in fields:
            raise _UnreadableError
        fields[name] = self._value(depth + 1)


def _unquote(text: str) -> str:
    if text[0] in "bB":
        return text
    body = text.lstrip("uU")
    if "\\" not in body:
        return body[1:-1]
    try:
        return remove_surrogates(str(ast.literal_eval(body)))
    except (ValueError, SyntaxError) as error:
        raise _UnreadableError from error


def _parse_number(text: str) -> JSONValue:
    digits = text.lstrip("+-")
    if digits.isdecimal():
        if len(digits) > 1 and digits[0] == "0":
            raise _UnreadableError
        return int(text) if len(digits) <= 1_000 else text  # noqa: PLR2004  # Python refuses very long ones
    return spell_float(float(text))


def _simplify_enum(text: str) -> str:
    found = _ENUM.fullmatch(text)
    return next((part for part in found.groups() if part is not None), text) if found else text


def _parse_word(name: str) -> JSONValue:
    if name in _WORDS:
        return _WORDS[name]
    if "." in name:  # a constant, such as datetime.timezone.utc
        return name
    raise _UnreadableError


def _format_moment(kind: type[dt.date | dt.time], given: list[JSONValue], named: dict[str, JSONValue]) -> str:
    """A date or time in ISO form; empty for one in a zone that is not UTC, or that is none."""
    zone = named.pop("tzinfo", None)
    is_utc = isinstance(zone, str) and zone.endswith("utc")
    if zone is not None and not is_utc:
        named["tzinfo"] = zone
        return ""
    make: Callable[..., dt.date | dt.time] = kind
    try:
        return make(*given, **named, **({"tzinfo": dt.UTC} if is_utc else {})).isoformat()
    except (TypeError, ValueError, OverflowError):
        return ""
