"""Whether a tool still has the shape that a plan relies on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_awo.model.secrets.schema import redact_schema
from langchain_awo.model.text.encoding import compute_digest
from langchain_awo.model.text.json_value import JSONValue


def digest_schema(name: str, parameters: Mapping[str, JSONValue]) -> str:
    """Digest of a tool's name and argument schema; descriptions, titles and secret defaults do not count."""
    return compute_digest([name, _strip_wording(redact_schema(parameters))])


def _strip_wording(schema: Any) -> Any:
    """A schema without the words in it; a property that is called `title` stays."""
    if isinstance(schema, Mapping):
        kept = {
            key: value for key, value in schema.items() if key not in ("description", "title", "examples")
        }
        return {
            key: {name: _strip_wording(property_schema) for name, property_schema in value.items()}
            if key in ("properties", "$defs") and isinstance(value, Mapping)
            else _strip_wording(value)
            for key, value in kept.items()
        }
    return [_strip_wording(item) for item in schema] if isinstance(schema, list) else schema
