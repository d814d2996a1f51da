"""The records of a source, and what is told about those that cannot be used."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from langchain_awo.model.text.encoding import dumps, loads, to_json
from langchain_awo.model.text.json_value import JSONValue

_MANY_DIGITS: Final = re.compile(rb"[0-9]{19}")
_SHOWN: Final = 60


class BadRecordError(ValueError):
    """A record is not what its format says; the text says what is wrong with it."""


class BrokenArchiveError(ValueError):
    """A compressed stream breaks off or is damaged; what came before was given out."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A record that was left out.

    Attributes:
        number: line in which it starts, counted from 1; the row, in a table.
        reason: what is wrong with it, for a person.
        source: the file, when the source has several.
    """

    number: int
    reason: str
    source: str = ""

    def __str__(self) -> str:
        place = f"{self.source}, line {self.number}" if self.source else f"line {self.number}"
        return f"{place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Numbered:
    """A record and where it stands.

    Attributes:
        number: line in which it starts, counted from 1.
        value: the record.
        around: what the object around it said before it, when it is an element of a list inside an object.
        group: line in which the list starts that it is an element of; 0 when it is in none.
    """

    number: int
    value: JSONValue
    around: Mapping[str, JSONValue] = field(default_factory=dict)
    group: int = 0


def parse_json(text: str | bytes) -> JSONValue:
    """JSON as people and models write it: numbers that JSON tools would round become text, NaN becomes `"nan"`.

    Raises:
        ValueError: the text is not JSON.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if not _MANY_DIGITS.search(data):
        try:
            return loads(data)
        except ValueError:
            pass  # NaN and lone surrogates are no JSON, but Python writes them
    text = text if isinstance(text, str) else text.decode()
    try:
        return to_json(json.loads(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def parse_container(value: JSONValue) -> JSONValue:
    """A value that some exports write as JSON text, as a value; text that is no JSON object or list stays text."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        return parse_json(value)
    except ValueError:
        return value


def parse_attribute(value: JSONValue) -> JSONValue:
    """As `parse_container`, for attributes that are always JSON text: a text is then one in quotes."""
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        inner = parse_container(f"[{value}]")
        return inner[0] if isinstance(inner, list) and inner else value
    return parse_container(value)


def read_object(value: JSONValue) -> Mapping[str, Any]:
    """An object, also one that is written as JSON text; empty when it is something else."""
    found = parse_container(value)
    return found if isinstance(found, Mapping) else {}


def list_in(value: JSONValue) -> list[Any]:
    """A list, also one that is written as JSON text; empty when it is something else."""
    found = parse_container(value)
    return found if isinstance(found, list) else []


def read_text(value: JSONValue) -> str:
    """A text or a number as text; empty when it is something else."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def abbreviate(value: object) -> str:
    """The beginning of any value, for a message to a person."""
    return dumps(to_json(value))[:_SHOWN]


def describe_kind(value: object) -> str:
    """What a value is, for a message to a person."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
