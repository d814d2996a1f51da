"""Values that exports write as Python text, such as `"{'query': 'x'}"`; read as literals, never run."""

from __future__ import annotations

import ast
from typing import Final

from langchain_awo.capture.importers.lines import parse_container
from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.text.json_value import JSONValue

_LONGEST: Final = 1_000_000


def parse_python_value(text: JSONValue) -> JSONValue:
    """The object or list in a text of JSON or Python literals; what is neither stays as it is.

    >>> parse_python_value("{'id': 7, 'open': True}"), parse_python_value("seven")
    ({'id': 7, 'open': True}, 'seven')
    """
    value = parse_container(text)
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "[") or len(value) > _LONGEST:
        return value
    try:
        return to_json(ast.literal_eval(value.strip()))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return value
