"""Objects whose keys name things, such as `{"T-Shirt": "P1", "Desk Lamp": "P2"}`, rather than fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from langchain_awo.model.text.json_value import JSONValue

DATA_KEY: Final = re.compile(r"\d{3}|^\d+$|^[0-9a-f]{8}-")
"""A key that is an id, a day or a number."""

MAX_DEPTH: Final = 6
"""Objects deeper inside of an output are not looked at."""

MAX_MEMBERS: Final = 500
"""Members of one object that are looked at."""

_FIELD: Final = re.compile(r"[a-z_$@][\w$.-]*")

Path: TypeAlias = tuple[str | int, ...]


def find_naming_objects(output: JSONValue) -> Iterator[tuple[Path, dict[str, JSONValue]]]:
    """The objects in an output whose keys name things, each with where it stands; none of them inside another."""
    stack: list[tuple[Path, JSONValue]] = [((), output)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict) and names_things(value):
            yield path, value
        elif len(path) < MAX_DEPTH and isinstance(value, dict):
            stack.extend(((*path, key), member) for key, member in reversed(value.items()))
        elif len(path) < MAX_DEPTH and isinstance(value, list):
            stack.extend(((*path, number), element) for number, element in reversed(list(enumerate(value))))


def names_things(value: Mapping[str, JSONValue]) -> bool:
    """Whether most keys of an object look like names or ids, and its values are of one kind.

    >>> names_things({"T-Shirt": "P1", "Desk Lamp": "P2"}), names_things({"first_name": "Ann", "city": "Rome"})
    (True, False)
    >>> names_things({"nvda": {"price": 5}, "tsla": {"price": 7}}), names_things({"Grand Hotel": 4.1})
    (True, True)
    """
    if not value or len(value) > MAX_MEMBERS or len({type(member) for member in value.values()}) > 1:
        return False
    if len(value) == 1:
        (key,) = value
        return " " in key or bool(DATA_KEY.search(key))
    unlike_fields = sum(not _FIELD.fullmatch(key) or bool(DATA_KEY.search(key)) for key in value)
    return unlike_fields * 2 > len(value) or _has_same_fields(list(value.values()))


def _has_same_fields(members: list[JSONValue]) -> bool:
    fields = {tuple(sorted(member)) for member in members if isinstance(member, dict)}
    return len(fields) == 1 and fields != {()} and isinstance(members[0], dict)
