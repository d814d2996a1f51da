"""XML, and HTML that is well-formed, as values.

An element with text alone is that text; one with elements inside is an object of them. Elements of the same name are a list,
and so is a single one that has elements of its own, so that a list of one is read as a list of many. Attributes are members.

>>> read_xml("<orders><order id='7'><city>Porto</city></order></orders>")
{'order': [{'id': '7', 'city': 'Porto'}]}
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.snapshot import MAX_DEPTH

_DECLARES: Final = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
"""What lets a small text grow without bound."""


class _MixedError(ValueError):
    """Text and elements stand side by side, or a name would be lost."""


def read_xml(text: str) -> JSONValue:
    """The value of an XML document that has no text between its elements; else `None`."""
    if _DECLARES.search(text):
        return None
    try:
        value = _convert_element(_parse_root(text), 0)
    except (ET.ParseError, _MixedError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _parse_root(text: str) -> ET.Element:
    """The root; `_MixedError` if elements are nested too deep, found before anything goes down into them."""
    root = ET.fromstring(text.lstrip())  # noqa: S314  # a declaration, which could make it grow, was refused above
    level = list(root)
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
    if level:
        raise _MixedError
    return root


def _convert_element(element: ET.Element, depth: int) -> JSONValue:
    said = (element.text or "").strip()
    if not len(element) and not element.attrib:
        return said
    if any((child.tail or "").strip() for child in element) or (said and len(element)):
        raise _MixedError
    members: dict[str, JSONValue] = dict(element.attrib)
    if said:
        _put(members, "text", said)
    groups: dict[str, list[ET.Element]] = {}
    for child in element:
        groups.setdefault(child.tag, []).append(child)
    for name, group in groups.items():
        values = [_convert_element(child, depth + 1) for child in group]
        is_list = len(group) > 1 or isinstance(values[0], dict)
        _put(members, name, values if is_list else values[0])
    return members


def _put(members: dict[str, JSONValue], name: str, value: JSONValue) -> None:
    if name in members:
        raise _MixedError
    members[name] = value
