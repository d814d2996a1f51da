"""Replaces argument values as a rule says, at any depth.

before (`normalize type string, pattern '[0-9]+' to <n>`)::

    get(path="/users/17", limit=5)

after::

    get(path="/users/<n>", limit=5)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from langchain_awo.model.rules import HOLE, Normalize
from langchain_awo.model.text.json_value import JSONValue


def normalize_arguments(rule: Normalize, tool: str, args: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    """The arguments of a call after a rule."""
    if rule.tool and rule.tool != tool:
        return dict(args)
    return {key: _normalize_member(rule, key, value) for key, value in args.items()}


def _normalize_member(rule: Normalize, key: str, value: JSONValue) -> JSONValue:
    if rule.key in ("", key):
        replaced = _replace_value(rule, value)
        if replaced is not value:
            return replaced
        if rule.key:
            return value
    if isinstance(value, dict):
        return {name: _normalize_member(rule, name, member) for name, member in value.items()}
    if isinstance(value, list):
        return [_normalize_member(rule, key if not rule.key else "", element) for element in value]
    return value


def _replace_value(rule: Normalize, value: JSONValue) -> JSONValue:
    if rule.type and rule.type != json_type(value):
        return value
    if not rule.pattern:
        return rule.replacement
    if not isinstance(value, str):
        return value
    replaced, count = _compile_pattern(rule.pattern).subn(lambda _match: rule.replacement, value)
    if not count:
        return value
    return HOLE if rule.replacement == HOLE and replaced.strip(HOLE) == "" else replaced


@lru_cache(maxsize=256)
def _compile_pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def json_type(value: JSONValue) -> str:
    """Name of a value's JSON type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "number"
    return "array" if isinstance(value, list) else "object"
