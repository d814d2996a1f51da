"""Simple deterministic functions between a value and the argument made of it."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Final, Literal, TypeAlias, get_args

from langchain_awo.model.ir.pointer import MISSING
from langchain_awo.model.text.json_value import JSONValue

TransformName: TypeAlias = Literal[
    "lower",
    "upper",
    "title",
    "strip",
    "to_number",
    "to_text",
    "date_format",
    "date_offset",
    "split_first",
    "split_last",
    "token_after",
]
"""`date_format` takes a `strftime` format, `date_offset` whole days; the splits take a separator.

`token_after` takes the words before a token in a text and gives the token after their first occurrence: letters, digits
and `_`, with `.`, `@`, `+` and `-` inside.
"""

TRANSFORM_NAMES: tuple[str, ...] = get_args(TransformName)

_TOKEN: Final = re.compile(r"\w[\w.@+-]*\w|\w")


def apply_transform(name: TransformName, value: JSONValue, option: str = "") -> JSONValue:
    """The transformed value, or `MISSING` when the transform does not apply to it.

    >>> apply_transform("to_number", "12"), apply_transform("date_offset", "2024-02-28", "2")
    (12, '2024-03-01')
    >>> apply_transform("token_after", "Created order O-123.", "order ")
    'O-123'
    """
    if name == "to_text":
        return (
            _format_number(value)
            if isinstance(value, int | float) and not isinstance(value, bool)
            else MISSING
        )
    if not isinstance(value, str):
        return MISSING
    match name:
        case "lower" | "upper" | "title" | "strip":
            return getattr(value, name)()
        case "to_number":
            return _parse_number(value)
        case "date_format" | "date_offset":
            return _transform_date(name, value, option)
        case "split_first" | "split_last":
            parts = value.split(option) if option and option in value else []
            return (parts[0] if name == "split_first" else parts[-1]) if parts else MISSING
        case "token_after":
            return _find_token(value, option)


def _format_number(number: float) -> JSONValue:
    try:
        return str(number)
    except ValueError:  # Python refuses to write very long integers
        return MISSING


def _parse_number(text: str) -> JSONValue:
    """A finite number in the digits of JSON; `1_000` and `nan` are words."""
    if not text.isascii() or "_" in text:
        return MISSING
    try:
        return int(text)
    except ValueError:
        try:
            number = float(text)
        except ValueError:
            return MISSING
    return number if math.isfinite(number) else MISSING


def _find_token(text: str, words: str) -> JSONValue:
    start = text.find(words) + len(words)
    match = _TOKEN.match(text, start) if words and words in text else None
    return match[0] if match else MISSING


def _transform_date(name: str, text: str, option: str) -> JSONValue:
    try:
        moment = dt.datetime.fromisoformat(text)
        if name == "date_format":
            return moment.strftime(option)
        moved = moment + dt.timedelta(days=int(option))
    except (ValueError, OverflowError):
        return MISSING
    return moved.date().isoformat() if len(text) <= len("2024-02-28") else moved.isoformat(sep=text[10])
