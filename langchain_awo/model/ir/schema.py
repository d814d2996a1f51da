"""The border: stored JSON to frozen data and back, validated."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import ToolSpec, Trace


@cache
def get_adapter(kind: Any) -> TypeAdapter[Any]:
    """The validator and serialiser of one of the model's types."""
    return TypeAdapter(kind)


def dump(value: Trace | ToolSpec | ToolkitPlan) -> dict[str, JSONValue]:
    """A value as plain JSON data, defaults left out so that it reads well."""
    kind: Any = type(value)
    if kind is ToolkitPlan:
        return _dump_plan(value)
    data: dict[str, JSONValue] = get_adapter(kind).dump_python(value, mode="json", exclude_defaults=True)
    return data


def _dump_plan(plan: ToolkitPlan | Trace | ToolSpec) -> dict[str, JSONValue]:
    """A plan as plain JSON data; its constants may be anything, also what pydantic refuses or writes as null."""
    try:
        data = get_adapter(ToolkitPlan).dump_python(plan, exclude_defaults=True)
    except ValueError:
        data = get_adapter(ToolkitPlan).dump_python(load_plan(to_json(plan)), exclude_defaults=True)
    plain: dict[str, JSONValue] = to_json(data)
    return plain


def load_trace(data: JSONValue) -> Trace:
    """A trace from plain JSON data.

    Raises:
        ValueError: the data is not a trace; the message names the first place that is wrong.
    """
    return _load(Trace, data)  # type: ignore[no-any-return]  # the adapter's type is not generic over `kind`


def load_tool_spec(data: JSONValue) -> ToolSpec:
    """A tool specification from plain JSON data; raises as `load_trace`."""
    return _load(ToolSpec, data)  # type: ignore[no-any-return]


def load_plan(data: JSONValue) -> ToolkitPlan:
    """A plan from plain JSON data; raises as `load_trace`. Checks shapes only, not meaning."""
    return _load(ToolkitPlan, data)  # type: ignore[no-any-return]


def describe_first_problem(error: ValidationError) -> str:
    """The first thing that is wrong, as `place: problem`."""
    problem = error.errors(include_url=False, include_context=False)[0]
    place = "/".join(str(part) for part in problem["loc"]) or "the record"
    return f"{place}: {problem['msg']}"


def _load(kind: type, data: JSONValue) -> Any:
    try:
        return get_adapter(kind).validate_python(data)
    except ValidationError as error:
        raise ValueError(describe_first_problem(error)) from error
