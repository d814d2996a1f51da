"""JSON Pointers (RFC 6901) with `*` for "each element", the paths of bindings.

>>> expand({"orders": ["#1", "#2"]}, "/orders/*")
['#1', '#2']
>>> look_up({"user": {"id": 7}}, "/user/id")
7

`*` on a list means each element, on an object each value. `*entries` on an object means each of its members as an
object with `key` and `value`, for objects whose keys name things. A key that has a `*` is written with `~2`.
`-1` on a list means the last element. A lookup that finds nothing returns `MISSING`.

>>> expand({"Tea": "P1", "Cup": "P2"}, "/*entries/key")
['Tea', 'Cup']
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from langchain_awo.model.text.json_value import JSONValue

ENTRIES: Final = "*entries"
"""The segment for each member of an object with its key; no escaped key begins with `*`."""


class _Missing:
    """The value of a place that does not exist."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()


def escape(key: str) -> str:
    """One object key as a pointer segment."""
    return key.replace("~", "~0").replace("/", "~1").replace("*", "~2")


def unescape(segment: str) -> str:
    """The object key that a pointer segment names."""
    if "~" not in segment:
        return segment
    return segment.replace("~2", "*").replace("~1", "/").replace("~0", "~")


def split(pointer: str) -> list[str]:
    """The still escaped segments of a pointer; `""` is the whole document.

    Raises:
        ValueError: the pointer is not empty and does not start with `/`.
    """
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise ValueError(f"{pointer!r} is not a JSON Pointer: it must be empty or start with '/'")
    return pointer[1:].split("/")


def split_list(pointer: str) -> tuple[str, str]:
    """The pointer of the elements of the innermost list that a pointer goes through, and the rest of it.

    >>> split_list("/orders/*/id"), split_list("/hotels/*entries/key")
    (('/orders/*', '/id'), ('/hotels/*entries', '/key'))
    """
    before, _, after = pointer.rpartition("/*")
    kind, slash, rest = after.partition("/")
    return f"{before}/*{kind}", f"{slash}{rest}"


_segments = lru_cache(maxsize=4096)(split)


def look_up(document: JSONValue, pointer: str) -> JSONValue:
    """The value at a pointer without `*`, or `MISSING`."""
    value = document
    for segment in _segments(pointer):
        value = _get_child(value, segment)
        if value is MISSING:
            return MISSING
    return value


def expand(document: JSONValue, pointer: str) -> list[JSONValue]:
    """The values at a pointer that may contain `*`, in document order; places that do not exist are left out."""
    values = [document]
    for segment in _segments(pointer):
        if segment == "*":
            values = [child for value in values for child in _list_children(value)]
        elif segment == ENTRIES:
            values = [entry for value in values for entry in _list_entries(value)]
        else:
            children = (_get_child(value, segment) for value in values)
            values = [child for child in children if child is not MISSING]
    return values


def _list_children(value: JSONValue) -> list[JSONValue]:
    if isinstance(value, list):
        return value
    return list(value.values()) if isinstance(value, dict) else []


def _list_entries(value: JSONValue) -> list[JSONValue]:
    members = value.items() if isinstance(value, dict) else ()
    return [{"key": key, "value": member} for key, member in members]


def _get_child(value: JSONValue, segment: str) -> JSONValue:
    if isinstance(value, dict):
        return value.get(unescape(segment), MISSING)
    if isinstance(value, list):
        try:
            return value[int(segment)] if -1 <= int(segment) < len(value) and value else MISSING
        except ValueError:
            return MISSING
    return MISSING
