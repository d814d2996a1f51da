"""The JSON Schema of a compiled toolkit, made from the types and their docstrings, so that it cannot go stale."""

from __future__ import annotations

import inspect
import re
from dataclasses import is_dataclass
from typing import Any, Final

from langchain_awo.model.ir import binding, decision, metatool
from langchain_awo.model.ir.metatool import PLAN_SCHEMA_VERSION, ToolkitPlan
from langchain_awo.model.ir.schema import get_adapter
from langchain_awo.model.ir.seal import Seal
from langchain_awo.model.text.json_value import JSONValue

SCHEMA_ID: Final = f"urn:langchain-awo:toolkit:{PLAN_SCHEMA_VERSION}"
"""A name, not an address: nothing is to be fetched to check a file."""


def plan_schema() -> dict[str, JSONValue]:
    """JSON Schema (draft 2020-12) of a toolkit file; what only a reader can check, `awo` does at load."""
    schema = get_adapter(ToolkitPlan).json_schema()
    definitions: dict[str, Any] = schema.pop("$defs")
    for kind in _list_documented():
        if kind.__name__ in definitions:
            _describe(definitions[kind.__name__], kind)
    _describe(schema, ToolkitPlan)
    schema["properties"]["schema_version"] = {
        "const": PLAN_SCHEMA_VERSION,
        "description": "Version of this format.",
    }
    schema["properties"]["seal"] = _seal_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **schema,
        "title": "A compiled toolkit of langchain_awo",
        "required": ["schema_version"],
        "$defs": dict(sorted(definitions.items())),
    }


def _seal_schema() -> dict[str, Any]:
    hexadecimal = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    seal: dict[str, Any] = {
        "type": "object",
        "properties": {"digest": dict(hexadecimal), "signature": dict(hexadecimal)},
        "required": ["digest"],
        "additionalProperties": False,
    }
    _describe(seal, Seal)
    return seal


def _list_documented() -> list[type]:
    kinds = [member for module in (binding, decision, metatool) for member in vars(module).values()]
    return [kind for kind in kinds if isinstance(kind, type) and is_dataclass(kind)]


def _describe(schema: dict[str, Any], kind: type) -> None:
    """Gives a schema the words of a class's docstring, and its properties those of the attributes."""
    summary, _, listed = inspect.cleandoc(kind.__doc__ or "").partition("\n\nAttributes:\n")
    schema["description"] = " ".join(summary.split())
    for name, text in re.findall(r"^ {4}(\w+): (.*?)(?=\n {4}\w+: |\Z)", listed, re.DOTALL | re.MULTILINE):
        if name in schema["properties"]:
            schema["properties"][name]["description"] = " ".join(text.split())
