"""JSON Schemas without secrets: defaults and examples are the only values in a schema, descriptions the only texts."""

from __future__ import annotations

from typing import Any, Final

from langchain_awo.model.secrets.detection import is_secret
from langchain_awo.model.secrets.mask import contains_mask
from langchain_awo.model.text.json_value import JSONValue

SHOWN: Final = frozenset({"default", "const", "example", "examples", "enum"})
"""Keywords of a schema that show values."""

BY_NAME: Final = ("properties", "$defs", "definitions", "patternProperties")
"""Keywords whose members are named by the user."""


def redact_schema(schema: Any, *, name: str = "") -> Any:
    """A JSON Schema without the defaults, examples and descriptions that are secret.

    Args:
        name: the property that it describes.
    """
    if isinstance(schema, list):
        return [redact_schema(each, name=name) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {each: redact_schema(item, name=each) for each, item in value.items()}
        if key in BY_NAME and isinstance(value, dict)
        else redact_schema(value, name=name)
        for key, value in schema.items()
        if not _is_shown_secret(key, value, name)
    }


def _is_shown_secret(key: str, value: JSONValue, name: str) -> bool:
    if key in SHOWN:
        return is_secret(value, name) or contains_mask(value)
    return isinstance(value, str) and (is_secret(value) or contains_mask(value))
