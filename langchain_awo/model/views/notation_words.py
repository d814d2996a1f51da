r"""How names, places and texts are spelled in the notation, so that each reads back as exactly what it was.

>>> format_name("get_user"), format_name("a, b"), format_path("/first name/0")
('get_user', '"a, b"', '/"first name"/0')
>>> format_constant('{"a": 1}'), format_text('say "hi" to {')
('"{{\\"a\\": 1}}"', 'say \\"hi\\" to {{')
"""

from __future__ import annotations

import json
import re
from typing import Final

from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue

PLAIN_NAME: Final = re.compile(r"[^\W\d][\w.-]*")
"""A name that stands without quotes."""

PLAIN_SEGMENT: Final = re.compile(r'[^\s"(),\[\]{}/]*')
"""A segment of a path that stands without quotes, if it is printable."""

_JSON_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


def spell_out(value: JSONValue) -> str:
    """JSON in which what a terminal would act on is spelled out, and reads back all the same."""
    text = dumps(value)
    return (
        text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
    )


def format_name(name: str) -> str:
    """The name of a tool, a parameter or an argument; in quotes if it is not plain."""
    return name if PLAIN_NAME.fullmatch(name) else spell_out(name)


def format_key(key: str) -> str:
    """The name of a member of an object."""
    return key if PLAIN_NAME.fullmatch(key) else f'"{format_text(key)}"'


def format_path(path: str) -> str:
    """A JSON Pointer; segments that hold spaces, brackets or the like are in quotes."""
    return "/".join(map(_spell_segment, path.split("/")))


def format_text(text: str) -> str:
    """Fixed text inside quotes; braces are doubled, since single ones hold a place."""
    return _double_braces(spell_out(text)[1:-1])


def format_constant(value: JSONValue) -> str:
    """A value where a place could stand too: JSON, with doubled braces in its texts."""
    return _JSON_TEXT.sub(lambda text: _double_braces(text[0]), spell_out(value))


def _spell_segment(segment: str) -> str:
    plain = segment.isprintable() and PLAIN_SEGMENT.fullmatch(segment)
    return segment if plain else spell_out(segment)


def _double_braces(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
