"""An output without the places that nobody uses, and which places these were.

>>> leave_out({"id": 7, "address": {"city": "Porto", "zip": "4000"}}, ["/address/city", "/address/zip"])
({'id': 7}, ['/address'])
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from langchain_awo.model.ir.pointer import escape, split, unescape
from langchain_awo.model.text.json_value import JSONValue

_OUTCOME: Final = re.compile(
    r"(?:^|_)(?:error|errors|status|state|success|ok|code|message|reason|warnings?|notes?|failed|result)(?:_|$)"
)


def tells_outcome(pointer: str) -> bool:
    """Whether a place says how a call went, by the names on the way there; such a place is always shown.

    >>> tells_outcome("/orders/*/status"), tells_outcome("/error/detail"), tells_outcome("/estate")
    (True, True, False)
    """
    names = (re.sub(r"(?<=[a-z])(?=[A-Z])", "_", unescape(segment)).lower() for segment in split(pointer))
    return any(_OUTCOME.search(name) for name in names)


def leave_out(output: JSONValue, places: Iterable[str]) -> tuple[JSONValue, list[str]]:
    """A copy of an output without some places, and what is missing from it.

    An object or list that has nothing left is left out whole and named instead of its parts; one that was empty
    before stays. The output as a whole is never left out.

    Args:
        output: a decoded output; it is not changed.
        places: pointers, with `*` for each element; places that do not exist are passed over.
    """
    paths = [path for path in map(split, places) if path]
    kept, missing = _without(output, paths) if paths else (output, [])
    return (output, []) if kept is _NOTHING else (kept, list(dict.fromkeys(missing)))


_NOTHING: Final[Any] = object()
"""Stands for a value of which nothing is left."""


def _without(value: JSONValue, paths: Sequence[Sequence[str]]) -> tuple[JSONValue, list[str]]:
    if any(not path for path in paths):
        return _NOTHING, [""]
    if not isinstance(value, dict | list) or not value:
        return value, []
    kept: dict[str, JSONValue] = {}
    missing: list[str] = []
    for key, child in _iterate_members(value):
        inside = [path for path in paths if _matches_key(path[0], key, value)]
        rest, gone = _without(child, [path[1:] for path in inside]) if inside else (child, [])
        kept[key] = rest
        step = "*" if any(path[0] == "*" for path in inside) else escape(key)
        missing += [f"/{step}{place}" for place in gone]
    if all(rest is _NOTHING for rest in kept.values()):
        return _NOTHING, [""]
    if isinstance(value, list):
        return [
            rest for rest in map(_keep_empty_element, value, kept.values()) if rest is not _NOTHING
        ], missing
    return {key: rest for key, rest in kept.items() if rest is not _NOTHING}, missing


def _keep_empty_element(element: JSONValue, rest: JSONValue) -> JSONValue:
    """An object or list in a list is still counted there when nothing is left of it; a scalar is gone."""
    return type(element)() if rest is _NOTHING and isinstance(element, dict | list) else rest


def _iterate_members(value: JSONValue) -> Iterator[tuple[str, JSONValue]]:
    if isinstance(value, dict):
        yield from value.items()
    else:
        yield from ((str(index), child) for index, child in enumerate(value))


def _matches_key(segment: str, key: str, value: JSONValue) -> bool:
    return segment == "*" or (unescape(segment) if isinstance(value, dict) else segment) == key
