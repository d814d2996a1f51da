"""Argument schemas: of meta-tools, made of their parameters, and of live tools, as the model is shown them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_core.utils.json_schema import dereference_refs
from pydantic import AliasChoices, AliasPath, BaseModel, Field, WithJsonSchema, create_model

from langchain_awo.model.ir.filler import is_given
from langchain_awo.model.ir.identifier import assign_field_keys
from langchain_awo.model.ir.metatool import ParameterSpec
from langchain_awo.model.ir.provider_schema import adapt_schema, restore_value
from langchain_awo.model.text.json_value import JSONValue

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


def assign_field_names(parameters: Sequence[ParameterSpec]) -> dict[str, str]:
    """Parameter name to the name that the model is shown: its own, unless providers, LangChain or pydantic mind.

    >>> assign_field_names([ParameterSpec(name="email"), ParameterSpec(name="config")])
    {'email': 'email', 'config': 'config_'}
    """
    return assign_field_keys((spec.name for spec in parameters), is_free=_is_free)


def index_specs_by_field(parameters: Sequence[ParameterSpec]) -> dict[str, ParameterSpec]:
    """The parameters by the names that the model is shown."""
    names = assign_field_names(parameters)
    return {names[spec.name]: spec for spec in parameters}


def select_given(arguments: Mapping[str, Any], specs: Mapping[str, ParameterSpec]) -> dict[str, JSONValue]:
    """The parameters by their own names, without those that are absent or only filled in.

    Args:
        arguments: as the model wrote them.
        specs: as `index_specs_by_field` gives them.
    """
    known = {field: value for field, value in arguments.items() if field in specs}
    own = {field: restore_value(value, specs[field].schema) for field, value in known.items()}
    return {specs[field].name: value for field, value in own.items() if is_given(specs[field], value)}


def build_arguments_model(
    name: str, parameters: Sequence[ParameterSpec], *, resumable: bool
) -> type[BaseModel]:
    """The pydantic model of a meta-tool's arguments; each is shown to the model exactly as its schema says.

    Args:
        name: of the meta-tool.
        parameters: of the meta-tool.
        resumable: whether it takes a resume token too.
    """
    names = assign_field_names(parameters)
    fields: dict[str, Any] = {names[spec.name]: _build_field(spec) for spec in parameters}
    if resumable:
        fields[RESUME_TOKEN] = _build_field(_RESUME_SPEC)
    return create_model(name, **fields)


def with_field_names(text: str, names: Mapping[str, str]) -> str:
    """A description in which parameters are called as the model is shown them."""
    other = sorted((name for name, shown in names.items() if name not in ("", shown)), key=len, reverse=True)
    if not other:
        return text
    named = "|".join(map(re.escape, other))
    return re.sub(rf"(?<!\w)(?:{named})(?!\w)", lambda found: names[found[0]], text)


def read_parameters(tool: BaseTool) -> dict[str, JSONValue]:
    """JSON Schema of a tool's arguments as the model is shown it: hidden ones left out, references replaced."""
    schema: dict[str, JSONValue] = convert_to_openai_tool(tool)["function"].get("parameters", {})
    if "$defs" not in schema and "definitions" not in schema:
        return schema
    whole: dict[str, JSONValue] = dereference_refs(schema)
    return {name: value for name, value in whole.items() if name not in ("$defs", "definitions")}


def read_aliases(tool: BaseTool) -> dict[str, str]:
    """Other names that a tool takes its arguments by, as pydantic's aliases are, to the names the model is shown."""
    model = tool.args_schema
    if not isinstance(model, type) or not issubclass(model, BaseModel):
        return {}
    found: dict[str, str] = {}
    for name, known in model.model_fields.items():
        found |= dict.fromkeys(_list_aliases(known.validation_alias) + _list_aliases(known.alias), name)
    return {alias: name for alias, name in found.items() if alias != name}


def _list_aliases(alias: str | AliasPath | AliasChoices | None) -> list[str]:
    if isinstance(alias, AliasChoices):
        return [name for choice in alias.choices for name in _list_aliases(choice)]
    if isinstance(alias, AliasPath):
        return [alias.path[0]] if len(alias.path) == 1 and isinstance(alias.path[0], str) else []
    return [alias] if isinstance(alias, str) else []


_RESUME_SPEC: Final = ParameterSpec(
    name=RESUME_TOKEN,
    schema={"type": "string", "description": "Continue a stopped run; pass the same arguments again."},
    required=False,
)


def _build_field(spec: ParameterSpec) -> tuple[Any, Any]:
    kind: Any = _choose_type(spec.schema) if spec.required else _choose_type(spec.schema) | None
    schema = adapt_schema(spec.schema)
    shown: Any = Annotated[kind, WithJsonSchema(schema or {"type": "string"})]
    description = schema.get("description")
    if spec.required:
        return shown, Field(description=description)
    # a factory, because a default would be shown to the model as "default": null
    return shown, Field(default_factory=lambda: None, description=description)


def _choose_type(schema: dict[str, JSONValue]) -> Any:
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
