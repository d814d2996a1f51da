"""Single values in lines of text: quoted, folded over several lines, or a list between commas."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.python_text import read_python

BLOCK: Final = re.compile(r"[|>][+-]?")
"""What stands before a text of several lines."""

QUOTED_PART: Final = re.compile(r"'(?:[^']|'')*$|\"(?:[^\"\\]|\\.|\\$)*$")
"""A quoted text that its line does not end."""

_SINGLE: Final = re.compile(r"'((?:[^']|'')*)'")
_DOUBLE: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_TOKEN: Final = re.compile(r"[\w@#/+-](?:[\w.@#/+:-]*[\w@#/+-])?")
_MARKED: Final = re.compile(r"[\d@#/_+-]")
_NEXT_PAIR: Final = re.compile(r"[,;|] +(?=[^\W\d][\w-]*(?: [\w-]+){0,3}: )")
_PAIR: Final = re.compile(r"([^\W\d][\w-]*(?: [\w-]+){0,3}): +(.+)")


def parse_scalar(text: str) -> JSONValue:
    """A value as it stands in a line, without the quotes around it; `None` for quotes that do not fit."""
    if text[:1] == "'" and (found := _SINGLE.fullmatch(text)):
        return found[1].replace("''", "'")
    if text[:1] == '"' and (found := _DOUBLE.fullmatch(text)):
        return _unescape_text(text) if "\\" in text else found[1]
    if text[:1] in ("[", "{"):
        value = read_python(text)
        return text if value is None else value
    if items := _parse_items(text):
        return [*items]
    return None if QUOTED_PART.match(text) and "\n" in text else text


def fold(lines: Sequence[str]) -> str:
    """Lines as one text: a line break is a blank, each blank line a line break."""
    parts, breaks = list(lines[:1]), 0
    for line in lines[1:]:
        if not line:
            breaks += 1
            continue
        if parts[-1].endswith("\\") and not breaks:
            parts[-1] = parts[-1][:-1]
            parts.append(line.removeprefix("\\"))
        else:
            parts += ["\n" * breaks or " ", line]
        breaks = 0
    return "".join(parts)


def parse_item_list(text: str) -> list[str] | None:
    """The items between the commas of one line, if they look like names in a system; else `None`.

    >>> parse_item_list("O-1, O-2"), parse_item_list("Channels: general, random, dev"), parse_item_list("Hello, world")
    (['O-1', 'O-2'], ['general', 'random', 'dev'], None)
    """
    head, colon, rest = text.rpartition(": ")
    items = [item.strip() for item in rest.split(",")]
    if len(items) < 2 or not all(_TOKEN.fullmatch(item) for item in items):  # noqa: PLR2004
        return None
    if all(_MARKED.search(item) for item in items):
        return items
    return items if colon and len(items) > 2 and ":" not in head else None  # noqa: PLR2004


def _parse_items(text: str) -> list[str] | None:
    """The items of a value such as `O-1, O-2` or `general, random, dev`; not those of `Portland, Oregon, USA` or `1,200`."""
    if text.count(", ") != text.count(",") or "," not in text:
        return None
    items = parse_item_list(f"items: {text}")
    is_plain = text == text.lower() or all(map(_MARKED.search, items or ()))
    return items if is_plain else None


def records_of_lines(lines: Sequence[str]) -> list[dict[str, str]] | None:
    """One object for each line, where each line holds the same keys with their values; else `None`.

    >>> records_of_lines(["Flight: LX 1, Price: 90", "Flight: LX 8, Price: 75"])
    [{'Flight': 'LX 1', 'Price': '90'}, {'Flight': 'LX 8', 'Price': '75'}]
    """
    records = [list(map(_PAIR.fullmatch, _NEXT_PAIR.split(line))) for line in lines]
    if not all(len(record) > 1 and all(record) for record in records):
        return None
    pairs = [[(pair[1], pair[2]) for pair in record if pair] for record in records]
    keys = [name for name, _ in pairs[0]]
    alike = len(set(keys)) == len(keys) and all([name for name, _ in each] == keys for each in pairs)
    return [dict(each) for each in pairs] if alike else None


def _unescape_text(text: str) -> JSONValue:
    try:
        return json.loads(text)
    except ValueError:
        return None
