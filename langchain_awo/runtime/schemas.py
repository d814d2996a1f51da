"""Argument schemas: of meta-tools, made of their parameters, and of live tools, as the model is shown them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, Field, WithJsonSchema, create_model

from langchain_awo.model.metatool import ParameterSpec
from langchain_awo.model.trace import JSONValue

RESUME_TOKEN: Final = "resume_token"  # noqa: S105  # the name of a parameter
"""Name of the parameter that continues a stopped routine."""

_TAKEN: Final = frozenset({"config", "callbacks", "runtime", "run_manager", "args", "kwargs", RESUME_TOKEN})

_TYPES: Final[dict[str, Any]] = {
    "string": str,
    "integer": int,
    "number": int | float,
    "boolean": bool,
    "array": list[Any],
    "object": dict[str, Any],
    "null": None,
}


def field_names(parameters: Sequence[ParameterSpec]) -> dict[str, str]:
    """Parameter name to the name that the model is shown: its own, unless LangChain or pydantic need that one.

    >>> field_names([ParameterSpec(name="email"), ParameterSpec(name="config")])
    {'email': 'email', 'config': 'config_'}
    """
    names: dict[str, str] = {}
    for spec in parameters:
        name = re.sub(r"\W", "_", spec.name).lstrip("_0123456789") or "value"
        while not _is_free(name) or name in names.values():
            name += "_"
        names[spec.name] = name
    return names


def arguments_model(name: str, parameters: Sequence[ParameterSpec], *, resumable: bool) -> type[BaseModel]:
    """The pydantic model of a meta-tool's arguments; each is shown to the model exactly as its schema says.

    Args:
        name: of the meta-tool.
        parameters: of the meta-tool.
        resumable: whether it takes a resume token too.
    """
    names = field_names(parameters)
    fields: dict[str, Any] = {names[spec.name]: _field(spec) for spec in parameters}
    if resumable:
        fields[RESUME_TOKEN] = _field(_RESUME_SPEC)
    return create_model(name, **fields)


def parameters_of(tool: BaseTool) -> dict[str, JSONValue]:
    """JSON Schema of a tool's arguments as the model is shown it: hidden ones left out."""
    schema: dict[str, JSONValue] = convert_to_openai_tool(tool)["function"].get("parameters", {})
    return schema


_RESUME_SPEC: Final = ParameterSpec(
    name=RESUME_TOKEN,
    schema={"type": "string", "description": "Continue a stopped run; pass the same arguments again."},
    required=False,
)


def _field(spec: ParameterSpec) -> tuple[Any, Any]:
    kind: Any = _type(spec.schema) if spec.required else _type(spec.schema) | None
    shown: Any = Annotated[kind, WithJsonSchema(spec.schema or {"type": "string"})]
    description = spec.schema.get("description")
    if spec.required:
        return shown, Field(description=description)
    # a factory, because a default would be shown to the model as "default": null
    return shown, Field(default_factory=lambda: None, description=description)


def _type(schema: dict[str, JSONValue]) -> Any:
    allowed = schema.get("enum")
    if isinstance(allowed, list) and allowed and all(isinstance(value, str | int) for value in allowed):
        return Literal[tuple(allowed)]
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    known = [_TYPES[each] for each in kinds if each in _TYPES]
    if not known or len(known) < len(kinds):
        return Any
    union = known[0]
    for each in known[1:]:
        union = union | each
    return union


def _is_free(name: str) -> bool:
    return name not in _TAKEN and not hasattr(BaseModel, name) and not keyword.iskeyword(name)
