"""A JSON Schema with keys that model providers accept, and values given for it with the keys of the original.

Providers refuse every request in which a schema has a key with a blank or an accent, or a reference to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from langchain_awo.model.ir.identifier import assign_provider_keys
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.visible import make_visible

MAX_DEPTH: Final = 30
"""What is nested deeper may be anything."""

_ONE: Final = ("items", "additionalProperties", "not", "contains", "if", "then", "else")
_MANY: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED: Final = ("$defs", "definitions")
_WORDS: Final = ("title", "description")


def adapt_schema(schema: Mapping[str, JSONValue], *, depth: int = 0) -> dict[str, JSONValue]:
    """The same schema with other keys where providers refuse them.

    >>> adapt_schema({"type": "object", "properties": {"prénom": {"type": "string"}}, "required": ["prénom"]})
    {'type': 'object', 'properties': {'prenom': {'type': 'string'}}, 'required': ['prenom']}
    """
    if depth > MAX_DEPTH or _points_nowhere(schema):
        return {}
    keys = _assign_keys(schema)
    shown: dict[str, JSONValue] = {}
    for name, value in schema.items():
        if name == "properties" and isinstance(value, dict):
            shown[name] = {keys[key]: _adapt_inner(child, depth) for key, child in value.items()}
        elif name == "required" and isinstance(value, list):
            shown[name] = [keys.get(key, key) if isinstance(key, str) else key for key in value]
        elif name in _ONE:
            shown[name] = _adapt_inner(value, depth)
        elif name in _MANY and isinstance(value, list):
            shown[name] = [_adapt_inner(child, depth) for child in value]
        elif name in _NAMED and isinstance(value, dict):
            shown[name] = {key: _adapt_inner(child, depth) for key, child in value.items()}
        else:
            shown[name] = make_visible(value) if name in _WORDS and isinstance(value, str) else value
    return shown


def restore_value(value: JSONValue, schema: Mapping[str, JSONValue], *, depth: int = 0) -> JSONValue:
    """A value that fits the shown schema, with the keys of the original one.

    >>> restore_value({"prenom": "Ann"}, {"properties": {"prénom": {}}})
    {'prénom': 'Ann'}
    """
    if depth > MAX_DEPTH or not isinstance(value, dict | list):
        return value
    forms = list(_iterate_forms(schema, 0))
    if isinstance(value, list):
        return [restore_value(item, _find_items(forms, at), depth=depth + 1) for at, item in enumerate(value)]
    names: dict[str, tuple[str, Any]] = {}
    for form in forms:
        for name, shown in _assign_keys(form).items():
            names.setdefault(shown, (name, form["properties"][name]))
    originals = {key: names.get(key, (key, {})) for key in value}
    return {
        name: restore_value(value[key], inner if isinstance(inner, dict) else {}, depth=depth + 1)
        for key, (name, inner) in originals.items()
    }


def _adapt_inner(schema: JSONValue, depth: int) -> JSONValue:
    return adapt_schema(schema, depth=depth + 1) if isinstance(schema, dict) else schema


def _assign_keys(schema: Mapping[str, JSONValue]) -> dict[str, str]:
    properties = schema.get("properties")
    return assign_provider_keys(properties) if isinstance(properties, dict) else {}


def _points_nowhere(schema: Mapping[str, JSONValue]) -> bool:
    """Whether a schema refers to one that is elsewhere; whoever took it out of a larger one lost that."""
    return isinstance(schema.get("$ref"), str)


def _iterate_forms(schema: Mapping[str, JSONValue], depth: int) -> Iterator[Mapping[str, JSONValue]]:
    """A schema and those that a value of it may fit instead or besides."""
    yield schema
    for name in ("anyOf", "oneOf", "allOf"):
        members = schema.get(name)
        if isinstance(members, list) and depth < MAX_DEPTH:
            for member in members:
                if isinstance(member, dict):
                    yield from _iterate_forms(member, depth + 1)


def _find_items(forms: list[Mapping[str, JSONValue]], at: int) -> Mapping[str, JSONValue]:
    for form in forms:
        first = form.get("prefixItems")
        if isinstance(first, list) and at < len(first) and isinstance(first[at], dict):
            return first[at]  # type: ignore[no-any-return]  # JSON
    return next((form["items"] for form in forms if isinstance(form.get("items"), dict)), {})
