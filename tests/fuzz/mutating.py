"""Changes of JSON that stay JSON, so that they reach what stands behind the parser, and changes of bytes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any, Final, TypeAlias

Place: TypeAlias = tuple[Any, Any]
"""A container and the key or position in it."""

ODD: Final = (
    None,
    True,
    -1,
    0,
    10**30,
    0.5,
    float("inf"),
    float("nan"),
    "",
    " ",
    "\0",
    "\ud800",
    "é" * 300,
    "/*",
    "/a/*/b/*",
    "/-1",
    "/~2",
    "#1",
    "$x",
    "\x1b[31m",
    "<script>",
    "__class__",
    [],
    {},
    [[]],
    {"": None},
)

ODD_BYTES: Final = (
    b"\0",
    b"\xff",
    b"[" * 600,
    b'"',
    b"\\u",
    b"\\",
    b"9" * 40,
    b"1e999",
    b"null",
    b"{",
    b"-",
    b"\n",
    b"<",
    b"%",
)


def change_bytes(data: bytearray, chance: random.Random) -> None:
    """Puts something odd in, repeats a part or takes one out."""
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice([0, 1, 4, 40]))
    match chance.randrange(3):
        case 0:
            data[start:end] = chance.choice(ODD_BYTES)
        case 1:
            data[start:start] = data[start:end]
        case _:
            del data[start:end]


def change_json(data: bytes, chance: random.Random) -> bytes | None:
    """One to four changes somewhere in a document; `None` if it is none."""
    with suppress(ValueError, RecursionError):
        document = [json.loads(data)]
        for _ in range(chance.choice([1, 1, 2, 4])):
            _change(document, chance)
        return json.dumps(document[0]).encode()
    return None


def _change(document: list[Any], chance: random.Random) -> None:
    places = list(_places(document))
    within, key = chance.choice(places)
    match chance.randrange(5):
        case 0:
            within[key] = deepcopy(chance.choice(ODD))
        case 1:
            other, there = chance.choice(places)
            within[key] = deepcopy(other[there])
        case 2 if within is not document:
            del within[key]
        case 3 if isinstance(within, list) and within is not document:
            within.insert(key, deepcopy(within[key]))
        case _ if isinstance(within, dict):
            name = chance.choice(
                [str(each) for each in ODD if isinstance(each, str)] + [str(k) for _, k in places]
            )
            within[name] = within.pop(key)


def _places(within: Any) -> Iterator[Place]:
    """Every value of a document, by where it is."""
    pairs = list(within.items() if isinstance(within, dict) else enumerate(within))
    for key, value in pairs:
        yield within, key
        if isinstance(value, dict | list):
            yield from _places(value)
