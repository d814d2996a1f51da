"""Any Python value as JSON data."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import hashlib
import math
import pathlib
import uuid
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from langchain_awo.model.text.json_value import JSONValue

MAX_DEPTH: Final = 100
"""Deeper than this, and for objects that contain themselves, a value is stored as its `repr`."""

MAX_BITS: Final = 4_096
"""Longer integers are stored as hexadecimal text; Python refuses to write very long ones in decimals."""


def to_json(value: object) -> JSONValue:
    r"""A deep snapshot of any value as JSON data; never raises, and equal values give equal data.

    | value | becomes |
    |---|---|
    | integer of at most 4,096 bits | itself, also beyond 64 bits |
    | longer integer | its hexadecimal digits as text |
    | NaN, infinity | the text `NaN`, `Infinity`, `-Infinity` |
    | lone surrogate in a text | the six characters of its escape, such as `\ud83d` |
    | bytes | how many, and a digest of them |
    | key that is no text | its text; with its type where that text is a key too |
    | more than 100 levels, or part of itself | the first 200 characters of its `repr` |
    | anything else without a JSON form | the first 2,000 characters of its `repr` |
    """
    try:
        return _snapshot(value, ())
    except Exception as error:  # noqa: BLE001  # a hostile __repr__ or __iter__ must not break the agent
        return f"<{type(value).__name__} cannot be read: {type(error).__name__}>"


def remove_surrogates(text: str) -> str:
    """Text without lone surrogates, which UTF-8 cannot hold."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def spell_float(value: float) -> JSONValue:
    """A float as JSON has it; the three that JSON does not have, by the names JavaScript gives them."""
    if math.isfinite(value):
        return float(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


_SCALARS: Final = (
    enum.Enum,
    str,
    int,
    float,
    dt.date,
    dt.time,
    bytes,
    bytearray,
    memoryview,
    uuid.UUID,
    pathlib.PurePath,
    decimal.Decimal,
)


def _snapshot(value: object, path: tuple[int, ...]) -> JSONValue:
    """As `to_json`, the common kinds first; `path` has the ids of the values around this one."""
    kind = type(value)
    if kind is str:
        return remove_surrogates(value)  # type: ignore[arg-type]  # mypy does not narrow by `is`
    if kind is bool or value is None:
        return value
    if kind is dict or isinstance(value, Mapping):
        if len(path) > MAX_DEPTH or id(value) in path:
            return _represent_safely(value, 200)
        return _copy_members(value, (*path, id(value)))  # type: ignore[arg-type]  # as above
    if isinstance(value, list | tuple):
        if len(path) > MAX_DEPTH or id(value) in path:
            return _represent_safely(value, 200)
        path = (*path, id(value))
        return [_snapshot(item, path) for item in value]
    return _snapshot_scalar(value) if isinstance(value, _SCALARS) else _snapshot_object(value, path)


def _copy_members(value: Mapping[object, object], path: tuple[int, ...]) -> dict[str, JSONValue]:
    members = {_copy_key(key): _snapshot(item, path) for key, item in value.items()}
    if len(members) == len(value):
        return members
    taken = {remove_surrogates(key) for key in value if isinstance(key, str)}
    members = {}
    for key, item in value.items():
        name = _copy_key(key)
        while name in members or (name in taken and not isinstance(key, str)):
            name += f" ({type(key).__name__})"
        members[name] = _snapshot(item, path)
    return members


def _snapshot_scalar(value: object) -> JSONValue:
    if isinstance(value, enum.Enum):
        return _snapshot(value.value, ())
    if isinstance(value, str):
        return remove_surrogates(str(value))
    if isinstance(value, int):
        return int(value) if value.bit_length() <= MAX_BITS else hex(value)
    if isinstance(value, float):
        return spell_float(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes {hashlib.sha256(value).hexdigest()[:16]}>"
    return str(value)


def _snapshot_object(value: object, path: tuple[int, ...]) -> JSONValue:
    if len(path) > MAX_DEPTH or id(value) in path:
        return _represent_safely(value, 200)
    path = (*path, id(value))
    if isinstance(value, AbstractSet):
        return sorted((_snapshot(item, path) for item in value), key=repr)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _snapshot(getattr(value, f.name), path) for f in dataclasses.fields(value)}
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        return _snapshot(dump(), path)
    return _represent_safely(value, 2000)


def _represent_safely(value: object, limit: int) -> str:
    """A `repr`; a hostile one costs only its own place in a larger value."""
    try:
        return remove_surrogates(repr(value)[:limit])
    except Exception as error:  # noqa: BLE001  # as in `to_json`
        return f"<{type(value).__name__} cannot be shown: {type(error).__name__}>"


def _copy_key(key: object) -> str:
    return remove_surrogates(key) if isinstance(key, str) else str(_snapshot(key, ()))
