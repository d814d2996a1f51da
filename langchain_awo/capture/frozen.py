"""Copies of values as they were at the moment of an event: text as it is, everything else as JSON bytes.

The agent's thread makes them, so they are made by one call into C where that is possible; the background thread makes values of
them again. Their length is what they take of memory.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import orjson

from langchain_awo.model.text.encoding import compute_digest, dump_line, dumps, loads, to_json
from langchain_awo.model.text.json_value import JSONValue

Frozen: TypeAlias = str | bytes
"""Text, or the JSON of something else."""

MAX_VALUE: Final = 1_000_000
"""Longer values, in characters of text or bytes of JSON, are cut: they would be parsed by nobody."""

KEPT_OF_LONG: Final = 100_000
"""What is kept of a value that is cut, in characters."""

_PLAIN: Final = (
    orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_MAX_PLAIN_DEPTH: Final = 40

NOTHING: Final = b"null"


def freeze(value: object) -> Frozen:
    """A copy of any value; never raises, and never longer than `MAX_VALUE`."""
    if type(value) is str:
        return value if len(value) <= MAX_VALUE else shorten(value)
    packed = pack(value)
    return packed if len(packed) <= MAX_VALUE else shorten(packed.decode())


def pack(value: object) -> bytes:
    """Any value as JSON bytes of any length."""
    packed = pack_plain(value)
    return dump_line(value) if packed is None else packed


def pack_plain(value: object) -> bytes | None:
    """What is plain data already as JSON bytes, and `None` for everything that has to be looked at."""
    try:
        packed = orjson.dumps(value, option=_PLAIN)
    except (TypeError, ValueError, RecursionError):
        return None
    # `null` may have been a number that JSON does not have, and what is nested deeply is cut by `to_json`.
    if b"null" in packed or packed.count(b"[") + packed.count(b"{") > _MAX_PLAIN_DEPTH:
        return None
    return packed


def thaw(frozen: Frozen) -> JSONValue:
    """The value of a copy."""
    return to_json(frozen) if isinstance(frozen, str) else loads(frozen)


def shorten(text: str) -> str:
    """The beginning of a long text up to the end of a word, with what is missing."""
    if len(text) <= MAX_VALUE:
        return text
    head = text[:KEPT_OF_LONG]
    head = head[: max(head.rfind(" "), head.rfind("\n"), head.rfind(","), KEPT_OF_LONG - 1_000)]
    return f"{head}\n[cut: {len(text):,} characters, digest {compute_digest(text)}]"


def freeze_arguments(args: dict[str, Any]) -> bytes:
    """As `freeze`, but a dictionary stays one: its long members are cut."""
    packed = pack(args)
    if len(packed) <= MAX_VALUE:
        return packed
    short = {key: thaw(freeze_member(value, len(args))) for key, value in loads(packed).items()}
    return dump_line(short)


def freeze_member(value: JSONValue, members: int) -> Frozen:
    """One of several members, which together are not to be longer than `MAX_VALUE`."""
    text = value if isinstance(value, str) else dump_line(value).decode()
    share = max(MAX_VALUE // members, 1_000)
    if len(text) <= share:
        return freeze(value)
    return f"{text[: share // 2]}\n[cut: {len(text):,} characters, digest {compute_digest(text)}]"


def canonicalize(frozen: bytes) -> bytes:
    """The same bytes for dictionaries that differ in the order of their keys alone."""
    return dumps(loads(frozen)).encode()
