"""Any Python value to JSON, text to JSON, and digests: one meaning for capture, mining and execution."""

from __future__ import annotations

import ast
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

import orjson
import yaml

from langchain_awo.model.trace import JSONValue

MAX_DEPTH: Final = 40
"""Deeper than this, and for objects that contain themselves, a value is stored as its `repr`."""

MAX_TEXT_TO_PARSE: Final = 1_000_000
"""Longer outputs, in characters, stay text: parsing them is not worth the time."""


def dumps(value: JSONValue) -> str:
    """Canonical JSON text: keys sorted, no spaces, so that equal values have equal text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=to_json).decode()


def loads(text: str | bytes) -> JSONValue:
    """JSON text to a value.

    Raises:
        ValueError: the text is not JSON.
    """
    return orjson.loads(text)


def digest(value: JSONValue) -> str:
    """Sixteen hexadecimal digits that depend on the content alone."""
    return hashlib.sha256(dumps(value).encode()).hexdigest()[:16]


def to_json(value: object) -> JSONValue:
    """A deep snapshot of any value as JSON; what has no JSON form becomes its `repr`. Never raises."""
    try:
        return _snapshot(value, ())
    except Exception as error:  # noqa: BLE001  # a hostile __repr__ or __iter__ must not break the agent
        return f"<{type(value).__name__} cannot be read: {type(error).__name__}>"


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
        return _clean(value)  # type: ignore[arg-type]  # mypy does not narrow by `is`
    if kind is bool or value is None:
        return value
    if kind is dict or isinstance(value, Mapping):
        if len(path) > MAX_DEPTH or id(value) in path:
            return _shown(value, 200)
        path = (*path, id(value))
        return {_key(key): _snapshot(item, path) for key, item in value.items()}  # type: ignore[attr-defined]
    if isinstance(value, list | tuple):
        if len(path) > MAX_DEPTH or id(value) in path:
            return _shown(value, 200)
        path = (*path, id(value))
        return [_snapshot(item, path) for item in value]
    return _snapshot_scalar(value) if isinstance(value, _SCALARS) else _snapshot_object(value, path)


def _snapshot_scalar(value: object) -> JSONValue:
    if isinstance(value, enum.Enum):
        return _snapshot(value.value, ())
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**64 else str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else repr(float(value))
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    return str(value)


def _snapshot_object(value: object, path: tuple[int, ...]) -> JSONValue:
    if len(path) > MAX_DEPTH or id(value) in path:
        return _shown(value, 200)
    path = (*path, id(value))
    if isinstance(value, AbstractSet):
        return sorted((_snapshot(item, path) for item in value), key=dumps)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _snapshot(getattr(value, f.name), path) for f in dataclasses.fields(value)}
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        return _snapshot(dump(), path)
    return _shown(value, 2000)


def _shown(value: object, limit: int) -> str:
    """A `repr`; a hostile one costs only its own place in a larger value."""
    try:
        return repr(value)[:limit]
    except Exception as error:  # noqa: BLE001  # as in `to_json`
        return f"<{type(value).__name__} cannot be shown: {type(error).__name__}>"


def _key(key: object) -> str:
    return _clean(str(key)) if isinstance(key, str) else str(_snapshot(key, ()))


def _clean(text: str) -> str:
    """Text without lone surrogates, which UTF-8 cannot hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def project_output(content: object, artifact: object = None) -> JSONValue:
    """What an agent can use of a tool's result, as a JSON value.

    Args:
        content: the content of a `ToolMessage`, or the raw value a tool returned.
        artifact: the artifact of a `ToolMessage`; MCP adapters put `structured_content` there.

    Returns:
        The structured content (its single `result` unwrapped) if there is one, else the joined text blocks
        without their random ids, else the value itself.
    """
    if artifact is None and type(content) is str:
        return _clean(content)
    structured = artifact.get("structured_content") if isinstance(artifact, Mapping) else None
    if structured is not None:
        only = isinstance(structured, Mapping) and set(structured) == {"result"}
        return to_json(structured["result"] if only else structured)
    if isinstance(content, list) and content and all(_is_block(block) for block in content):
        texts = [block if isinstance(block, str) else block.get("text") for block in content]
        if all(isinstance(text, str) for text in texts):
            return "\n".join(texts)
        return [_without_id(block) for block in content]
    return to_json(content)


def _is_block(block: object) -> bool:
    return isinstance(block, str) or (isinstance(block, Mapping) and isinstance(block.get("type"), str))


def _without_id(block: object) -> JSONValue:
    value = to_json(block)
    return {key: item for key, item in value.items() if key != "id"} if isinstance(value, dict) else value


def decode(output: JSONValue) -> JSONValue:
    r"""An output with its structure recovered: JSON text, Python literals and YAML mappings become values.

    Text that is none of these, and text of a single scalar, stays text; so do the scalars inside YAML.
    The same function serves mining and execution, so that a pointer found in a recording means the same place at run time.

    >>> decode('{"id": 7}'), decode("{'id': 7}"), decode("id: 7\nname: o"), decode("all good: yes, really")
    ({'id': 7}, {'id': 7}, {'id': '7', 'name': 'o'}, 'all good: yes, really')
    """
    if not isinstance(output, str) or len(output) > MAX_TEXT_TO_PARSE:
        return output
    text = output.strip()
    if text[:1] in ("{", "[", "("):
        return _parse_literal(text, output)
    if "\n" in text and ": " in text:
        return _parse_yaml(text, output)
    return output


def _parse_literal(text: str, otherwise: str) -> JSONValue:
    try:
        value = loads(text)
    except ValueError:
        try:
            value = to_json(ast.literal_eval(text))
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            return otherwise
    return value if isinstance(value, dict | list) else otherwise


def _parse_yaml(text: str, otherwise: str) -> JSONValue:
    if len(text) > MAX_TEXT_TO_PARSE // 20 or ("&" in text and "*" in text):
        return otherwise  # the parser is slow, and anchors with aliases can be made to explode
    try:
        value = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  # every scalar stays text: no octal zip codes
    except (yaml.YAMLError, ValueError, RecursionError):
        return otherwise
    return value if isinstance(value, dict | list) else otherwise
