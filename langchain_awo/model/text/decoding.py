r"""The structure of an output that came as text: one reading for capture, mining and execution.

A text is read as the first of these that fits all of it, and stays text if none does:

1. JSON, Python literals and reprs, one or several one after the other (`json_text`, `python_text`)
2. XML without mixed content (`xml_text`)
3. tables: Markdown, comma or tab separated, in columns (`table_text`)
4. lists, `Key: value` lines, records of them, and what is nested by indentation (`line_text`)

What is decoded serves bindings alone; the model is shown what the tool said. So a reading may leave out a heading, and must
not change a value: every text in it stands in the original, but for escapes, folded lines and dates of Python.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

import orjson

from langchain_awo.model.text.json_text import exceeds_depth, loads
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.line_text import read_lines
from langchain_awo.model.text.python_text import read_python
from langchain_awo.model.text.snapshot import MAX_DEPTH
from langchain_awo.model.text.table_text import read_table
from langchain_awo.model.text.xml_text import read_xml

MAX_TEXT_TO_PARSE: Final = 1_000_000
"""Longer outputs, in characters, stay text: parsing them is not worth the time."""

_LITERAL: Final = re.compile(r"[\[{(]|[A-Za-z_][\w.]*[(=]")


def decode(output: JSONValue) -> JSONValue:
    r"""An output with its structure recovered, and that of JSON text in its members.

    Text that is not plainly structured, and text of a single scalar, stays text; never raises.

    >>> decode('{"id": 7}'), decode("{'id': 7}"), decode("id: 7\nname: o"), decode("all good: yes, really")
    ({'id': 7}, {'id': 7}, {'id': '7', 'name': 'o'}, 'all good: yes, really')
    >>> decode("Open orders:\n- O-1\n- O-2"), decode("id,city\n7,Porto")
    (['O-1', 'O-2'], [{'id': '7', 'city': 'Porto'}])
    """
    if isinstance(output, str):
        output = _read(output)
    if not isinstance(output, dict):
        return output
    if any(isinstance(member, str) and member[:1] in ("{", "[") for member in output.values()):
        return {key: present(member) for key, member in output.items()}
    return output


def present(output: JSONValue) -> JSONValue:
    """An output as the model is shown it: JSON text as the value it says, everything else as it came."""
    if (
        not isinstance(output, str)
        or len(output) > MAX_TEXT_TO_PARSE
        or output.lstrip()[:1] not in ("{", "[")
    ):
        return output
    value = _read_json(output)
    return output if value is None else value


def _read(output: str) -> JSONValue:
    if len(output) > MAX_TEXT_TO_PARSE:
        return output
    text = output.strip("\r\n").rstrip()
    for read in _select_readers(text.lstrip()):
        value = read(text)
        if value is not None and (read is _read_json or not exceeds_depth(value)):
            return value
    return output


def _select_readers(text: str) -> list[Callable[[str], JSONValue]]:
    """The readers that may fit, by how a text begins; each gives `None` for what it cannot read whole."""
    if text[:1] in ("{", "["):
        return [_read_json, _read_json_texts, read_python]
    if _LITERAL.match(text):
        return [read_python, read_table, read_lines]
    if text[:1] == "<":
        return [read_xml]
    return [read_table, read_lines]


def _read_json(text: str) -> JSONValue:
    """A JSON object or list that has no key twice and is not nested too deep, else `None`."""
    try:
        value = loads(text)
    except ValueError:
        return None
    if not isinstance(value, dict | list) or (_may_be_deep(text) and exceeds_depth(value)):
        return None
    return value if _has_all_keys(text, value) else None


def _may_be_deep(text: str) -> bool:
    return len(text) > MAX_DEPTH and text.count("[") + text.count("{") > MAX_DEPTH


def _has_all_keys(text: str, value: JSONValue) -> bool:
    """Whether no key was lost because it stands twice in one object."""
    if "{" not in text:
        return True
    try:
        if text.count('":') == orjson.dumps(value).count(b'":'):
            return True
    except TypeError:  # an integer beyond 64 bits: read with care below
        pass
    try:
        json.loads(text, object_pairs_hook=_check_distinct)
    except (ValueError, RecursionError):
        return False
    return True


def _check_distinct(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")


_BLANK: Final = re.compile(r"\s*")


def _read_json_texts(text: str) -> JSONValue:
    """Several JSON objects or lists one after the other, blanks between them, as a list."""
    decoder = json.JSONDecoder(parse_constant=str, object_pairs_hook=_build_object)
    found: list[JSONValue] = []
    at = _BLANK.match(text).end()  # type: ignore[union-attr]  # it matches everywhere
    try:
        while at < len(text):
            if text[at] not in "{[":
                return None
            value, end = decoder.raw_decode(text, at)
            found.append(value)
            at = _BLANK.match(text, end).end()  # type: ignore[union-attr]
    except (ValueError, RecursionError):
        return None
    return found if len(found) > 1 else None


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _check_distinct(pairs)
    return dict(pairs)
