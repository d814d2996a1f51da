"""What LangGraph's checkpoints hold, as plain data: objects are described by their class and fields, and none is made.

LangGraph's own reader imports the classes a checkpoint names; a file from elsewhere should not decide what is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import ormsgpack

from langchain_awo.capture.importers.lines import BadRecordError, parse_json
from langchain_awo.errors import ImportFormatError
from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.text.json_value import JSONValue

_SINGLE: Final = (0, 3)
_POSITIONAL: Final = 1
_FIELDS: Final = (2, 4, 5)
_ALONE: Final = 7


def decode_plain_value(kind: str, data: bytes | str) -> JSONValue:
    """A stored value without any object.

    Args:
        kind: how it is stored: `msgpack`, `json`, `bytes`, `null`.
        data: the stored bytes.

    Raises:
        BadRecordError: it is damaged, or stored by pickle, which is not read.
    """
    raw = data.encode() if isinstance(data, str) else bytes(data)
    try:
        if kind == "msgpack":
            return to_json(
                ormsgpack.unpackb(raw, ext_hook=_decode_extension, option=ormsgpack.OPT_NON_STR_KEYS)
            )
        if kind == "json":
            return parse_json(raw)
    except (ValueError, TypeError, RecursionError) as error:
        raise BadRecordError(f"a stored value is damaged ({error})") from error
    if kind in ("null", "empty", "bytes", "bytearray"):
        return None
    raise BadRecordError(
        f"a value is stored as {kind}, which is not supported; write the checkpoints without pickle"
    )


class PlainSerde:
    """What a LangGraph saver needs to read values as plain data; it writes nothing."""

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """A stored value, see `decode_plain_value`."""
        return decode_plain_value(*data)

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """Refuses to write; raises `ImportFormatError`."""
        raise ImportFormatError(
            f"an import only reads checkpoints, and {type(obj).__name__} was to be written; use the agent's own saver"
        )


def _decode_extension(code: int, data: bytes) -> Any:
    """An extension of LangGraph's: (module, class, arguments, method)."""
    value = ormsgpack.unpackb(data, ext_hook=_decode_extension, option=ormsgpack.OPT_NON_STR_KEYS)
    if code == _ALONE:
        return value
    if not isinstance(value, list | tuple) or len(value) < 3:  # noqa: PLR2004  # module, class, arguments
        return None
    arguments = value[2]
    if code in _FIELDS and isinstance(arguments, Mapping):
        return {"class": value[1], **arguments}
    if code in _SINGLE:
        return arguments
    return list(arguments) if code == _POSITIONAL and isinstance(arguments, list | tuple) else None
