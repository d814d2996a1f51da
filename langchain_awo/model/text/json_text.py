"""Values as JSON text and back, and their digests; none of it fails for a value that a tool or a model may give."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.snapshot import MAX_DEPTH, to_json

_SHADOW: Final = bytes(
    ord("0") if code in b"0123456789" else code if code in b"eE+\\u" else ord(" ") for code in range(256)
)
"""Numbers are looked for in a shadow of the text, where all digits are 0: `bytes.find` is thirty times as fast as an expression."""

_MANY_DIGITS: Final = b"0" * 19
"""An integer that may not fit 64 bits: orjson reads it as a float, and its last digits are gone."""

_BEFORE_NUMBER: Final = b" \t\r\n,:["
"""Digits behind anything else are the fraction of a number or a part of a text, where orjson keeps them."""

_EXTREME: Final = (b"0" * 300, b"e000", b"E000", b"e+000", b"E+000", b"\\u")
"""What may be no plain value: a number too large for a float or for decimal text, half of a surrogate pair."""

_ZEROS: Final = re.compile(rb"0+")
_CONTAINERS: Final = (dict, list)


def dumps(value: object) -> str:
    """Canonical JSON text: keys sorted, no spaces, so that equal values have equal text; what JSON lacks as `to_json`.

    >>> dumps({"b": 2**70, "a": float("nan")})
    '{"a":"NaN","b":1180591620717411303424}'
    """
    plain = _encode_fast(value)
    if plain is not None:
        return plain.decode()
    return json.dumps(to_json(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def same(left: JSONValue, right: JSONValue) -> bool:
    """JSON equality: `1` is not `true`, and `1` is not `1.0`, since a tool may tell them apart."""
    return left is right or (type(left) is type(right) and dumps(left) == dumps(right))


def dump_line(value: object) -> bytes:
    """JSON on one line, keys in their order, as stores keep it; what JSON lacks as `to_json`."""
    data = _encode_fast(value, _AS_IT_IS)
    if data is not None:
        return data
    return json.dumps(to_json(value), separators=(",", ":"), ensure_ascii=False).encode()


def loads(text: str | bytes) -> JSONValue:
    r"""JSON text to a value. Integers keep every digit; `NaN` and the infinities become text, as in `to_json`.

    >>> loads('[1180591620717411303424, NaN, "\\ud83d"]')
    [1180591620717411303424, 'NaN', '\\ud83d']

    Raises:
        ValueError: the text is not JSON, or nested too deeply to be read.
    """
    try:
        data = text.encode() if isinstance(text, str) else bytes(text)
        value = orjson.loads(data)
    except ValueError as error:
        try:
            return _loads_odd(text)
        except ValueError:
            raise error from None
    if _MANY_DIGITS in data.translate(_SHADOW) and _has_long_number(data):
        return _loads_odd(text)
    return value


def choose_reader(texts: Iterable[str]) -> Callable[[str], JSONValue]:
    """What reads each of many JSON texts as `loads` does, several times as fast where none has a long number.

    It raises `ValueError` also for what `loads` reads though it is not quite JSON, such as `NaN`.
    """
    return loads if _MANY_DIGITS in "\n".join(texts).encode().translate(_SHADOW) else orjson.loads


def compute_digest(value: object) -> str:
    """Sixteen hexadecimal digits that depend on the content alone; different values have different ones.

    What JSON does not have is told from its spelling in `to_json`: `float("nan")` from `"NaN"`, a key `1` from `"1"`.
    """
    plain = _encode_fast(value)
    if plain is not None:
        return hashlib.sha256(plain).hexdigest()[:16]
    found = hashlib.sha256()
    for token in _generate_tokens(value):
        found.update(token.encode("utf-8", "surrogatepass"))
        found.update(b"\0")
    return found.hexdigest()[:16]


def compute_digests(values: Iterable[object]) -> bytes:
    """`compute_digest` of many texts, or lists of texts and whole numbers: eight bytes each, one behind the other."""
    every = list(values)
    digest, encode = hashlib.sha256, orjson.dumps
    try:
        return b"".join([digest(encode(value)).digest()[:8] for value in every])
    except TypeError:  # a text with half of a surrogate pair
        return bytes.fromhex("".join(map(compute_digest, every)))


def exceeds_depth(value: JSONValue, limit: int = MAX_DEPTH) -> bool:
    """Whether a value is nested deeper than so many levels."""
    level = [value] if isinstance(value, _CONTAINERS) else []
    for _ in range(limit):
        if not level:
            return False
        level = [
            child
            for each in level
            for child in (each.values() if isinstance(each, dict) else each)
            if isinstance(child, _CONTAINERS)
        ]
    return bool(level)


_AS_IT_IS: Final = orjson.OPT_PASSTHROUGH_DATACLASS
_SORTED: Final = _AS_IT_IS | orjson.OPT_SORT_KEYS


def _encode_fast(value: object, option: int = _SORTED) -> bytes | None:
    """JSON by the fast encoder, or `None` for a value that it refuses or would lose something of."""
    try:
        data = orjson.dumps(value, to_json, option)
    except (TypeError, RecursionError):
        return None
    return None if b"null" in data and _has_nonfinite(value) else data


def _has_nonfinite(value: object) -> bool:
    """Whether a value has a number that the fast encoder writes as null."""
    stack = [value]
    while stack:
        current = stack.pop()
        if isinstance(current, dict):
            stack.extend(current.values())
        elif isinstance(current, list | tuple):
            stack.extend(current)
        elif isinstance(current, float) and not math.isfinite(current):
            return True
    return False


def _has_long_number(data: bytes) -> bool:
    """Whether an integer of nineteen digits or more stands in JSON text, or in a text in it what looks like one."""
    shadow = data.translate(_SHADOW)
    place = shadow.find(_MANY_DIGITS)
    while place >= 0:
        if data[max(0, place - 2) : place].removesuffix(b"-")[-1:] in _BEFORE_NUMBER:
            return True
        run = _ZEROS.match(shadow, place)
        place = shadow.find(_MANY_DIGITS, run.end() if run else len(shadow))
    return False


def _loads_odd(text: str | bytes) -> JSONValue:
    if not isinstance(text, str):
        text = bytes(text).decode()  # what is not UTF-8 is not JSON
    try:
        value = json.loads(text, parse_constant=str)
    except RecursionError as error:
        raise ValueError("nested too deeply to be read") from error
    return value if _is_surely_plain(text) or _is_plain(value) else to_json(value)


def _is_surely_plain(text: str) -> bool:
    """Whether nothing in JSON text can be a value that needs cleaning; a quick look, wrong only in saying no."""
    try:
        shadow = text.encode().translate(_SHADOW)
    except UnicodeEncodeError:
        return False
    return not any(each in shadow for each in _EXTREME)


def _is_plain(value: JSONValue) -> bool:
    """Whether a value that was read needs no cleaning; integers of any size do not."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return False
    return True


def _generate_tokens(value: object) -> Iterator[str]:
    """A value as a sequence of words that no other value has, at any depth."""
    stack: list[Any] = [value]
    around: set[int] = set()
    while stack:
        current = stack.pop()
        if isinstance(current, _Leave):
            around.discard(current.left)
            yield "end"
        elif not isinstance(current, Mapping | list | tuple):
            yield _encode_word(current)
        elif id(current) in around:
            yield "itself"
        else:
            around.add(id(current))
            stack.append(_Leave(id(current)))
            yield "object" if isinstance(current, Mapping) else "list"
            stack += _list_members(current)


class _Leave:
    """Marks where everything inside a container has been seen."""

    def __init__(self, left: int) -> None:
        self.left = left


def _list_members(container: Any) -> list[Any]:
    """The members of a container, last first; of an object keys and values, by key."""
    if not isinstance(container, Mapping):
        return list(reversed(container))
    ordered = sorted(container.items(), key=lambda item: _encode_word(item[0]), reverse=True)
    return [part for key, member in ordered for part in (member, key)]


def _encode_word(value: object) -> str:
    if isinstance(value, str):
        return f"text {value}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"int {value:x}"
    if value is None or isinstance(value, bool | float):
        return f"{type(value).__name__} {value!r}"
    return f"{type(value).__name__} {dumps(to_json(value))}"
