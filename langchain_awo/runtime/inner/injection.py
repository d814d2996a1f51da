"""The arguments that LangChain tools are given and the model never sees, filled for inner calls."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

from langchain_core.tools import BaseTool, InjectedToolArg, InjectedToolCallId
from langchain_core.tools.base import get_all_basemodel_annotations
from langgraph.prebuilt import InjectedState, InjectedStore, ToolRuntime
from langgraph.types import Command

from langchain_awo.model.text.json_value import JSONValue

_RUNTIME: Final = "runtime"
"""An injected argument of this name is filled by LangGraph whatever its type, as the tools of MCP adapters rely on."""

_ADAPTERS: Final = "langchain_mcp_adapters."


class InjectionError(Exception):
    """A hidden argument cannot be filled here; the message says what is missing."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """The hidden arguments of a tool, by name.

    Attributes:
        state: argument to field of the graph's state, `None` for all of it.
        handed_on: what tools of MCP adapters hand on to interceptors of the host, and do not look at themselves.
        names: all of them.
        unknown: of a kind that LangGraph itself would not fill either.
        optional: may be left out when what they name does not exist.
    """

    state: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    store: tuple[str, ...] = ()
    runtime: tuple[str, ...] = ()
    handed_on: tuple[str, ...] = ()
    call_id: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


def find_injected(tool: BaseTool) -> Injected:
    """Finds the hidden arguments of a tool in its schema and in its function's annotations."""
    annotations = _read_annotations(tool)
    state: dict[str, str | None] = {}
    found: dict[str, list[str]] = {"store": [], "runtime": [], "handed_on": [], "call_id": [], "unknown": []}
    for name, annotation in annotations.items():
        marks = _list_marks(annotation)
        if mark := _find_first(marks, InjectedState):
            state[name] = mark.field if isinstance(mark, InjectedState) else None
        elif _find_first(marks, InjectedStore):
            found["store"].append(name)
        elif _find_first(marks, ToolRuntime):
            found["runtime"].append(name)
        elif _find_first(marks, InjectedToolCallId):
            found["call_id"].append(name)
        elif _find_first(marks, InjectedToolArg):
            told = "handed_on" if _is_adapter(tool) else "runtime"
            found[told if name == _RUNTIME else "unknown"].append(name)
    optional = _find_optional(tool)
    return Injected(
        state=state,
        optional=optional,
        store=tuple(found["store"]),
        runtime=tuple(found["runtime"]),
        handed_on=tuple(found["handed_on"]),
        call_id=tuple(found["call_id"]),
        unknown=tuple(name for name in found["unknown"] if name not in optional),
        names=frozenset(state).union(*found.values()),
    )


def returns_command(tool: BaseTool) -> bool:
    """Whether a tool says that it answers with nothing but a `Command`, which only LangGraph can carry out.

    The tools of MCP adapters may answer with one and hardly ever do; what a tool answers is seen when it is called.
    """
    try:
        answer = get_type_hints(_get_function(tool)).get("return")
    except Exception:  # noqa: BLE001  # any forward reference may fail in any way; what it returns is seen when it is called
        return False
    return _is_command(answer)


def _is_command(annotation: Any) -> bool:
    """Whether whatever the annotation allows is a `Command`, or a list that may hold one."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return all(map(_is_command, parts))
    if origin is Annotated:
        return _is_command(parts[0])
    if origin is list:
        return any(mark is Command for mark in _list_marks(annotation))
    kind = origin or annotation
    return isinstance(kind, type) and issubclass(kind, Command)


def inject(
    args: Mapping[str, JSONValue], injected: Injected, runtime: ToolRuntime | None, call_id: str
) -> dict[str, Any]:
    """The arguments with the hidden ones added; values that claim to be hidden ones are dropped first.

    Args:
        args: the arguments that the routine binds.
        injected: the hidden arguments of the tool.
        runtime: of the meta-tool's own call; `None` outside a graph.
        call_id: of the inner call.

    Raises:
        InjectionError: something that must be filled does not exist here.
    """
    if not injected.names:
        return dict(args)
    filled: dict[str, Any] = {name: value for name, value in args.items() if name not in injected.names}
    runtimes = (*injected.runtime, *injected.handed_on)
    if not (injected.state or injected.store or runtimes):
        return filled
    if runtime is None:
        if injected.names <= injected.optional:
            return filled
        wanted = ", ".join(sorted(injected.names - injected.optional))
        raise InjectionError(f"{wanted} can only be filled inside a LangGraph agent or ToolNode")
    for name, place in injected.state.items():
        if (place is None) or _has(runtime.state, place):
            filled[name] = runtime.state if place is None else _get(runtime.state, place)
        elif name not in injected.optional:
            raise InjectionError(f"the graph's state has no {place!r}, which {name!r} is filled from")
    if injected.store and runtime.store is None:
        raise InjectionError(f"{injected.store[0]!r} needs a store; compile the graph with store=...")
    filled |= dict.fromkeys(injected.store, runtime.store)
    inner = dataclasses.replace(runtime, tool_call_id=call_id)
    return filled | dict.fromkeys(runtimes, inner)


def _read_annotations(tool: BaseTool) -> dict[str, Any]:
    schema = (
        {} if isinstance(tool.args_schema, dict) else get_all_basemodel_annotations(tool.get_input_schema())
    )
    try:
        hints = get_type_hints(_get_function(tool), include_extras=True)
    except Exception:  # noqa: BLE001  # any forward reference may fail in any way; the schema still counts
        hints = {}
    hints.pop("return", None)
    return {**hints, **schema}


def _is_adapter(tool: BaseTool) -> bool:
    """Whether the tool is that of an MCP server."""
    return str(getattr(_get_function(tool), "__module__", "")).startswith(_ADAPTERS)


def _get_function(tool: BaseTool) -> Any:
    own = getattr(tool, "func", None) or getattr(tool, "coroutine", None)
    return own or tool._run  # noqa: SLF001  # where a subclass declares its arguments


def _list_marks(annotation: Any) -> list[Any]:
    """What an annotation is made of: the type, its `Annotated` extras, and those of its union members."""
    origin = get_origin(annotation)
    if origin is None:
        return [annotation]
    parts = get_args(annotation)
    if origin is Annotated:
        return [*_list_marks(parts[0]), *parts[1:]]
    return [origin, *(mark for part in parts for mark in _list_marks(part))]


def _find_first(marks: list[Any], kind: type) -> Any:
    for mark in marks:
        if isinstance(mark, kind) or (isinstance(mark, type) and issubclass(mark, kind)):
            return mark
    return None


def _find_optional(tool: BaseTool) -> frozenset[str]:
    fields = (
        {} if isinstance(tool.args_schema, dict) else getattr(tool.get_input_schema(), "model_fields", {})
    )
    of_schema = {name for name, field in fields.items() if not field.is_required()}
    signature = inspect.signature(_get_function(tool)).parameters.values()
    of_function = {each.name for each in signature if each.default is not inspect.Parameter.empty}
    return frozenset(of_schema | (of_function - fields.keys()))


def _has(state: Any, place: str) -> bool:
    return (
        place in state if isinstance(state, Mapping) else hasattr(state, place) or _is_messages(state, place)
    )


def _get(state: Any, place: str) -> Any:
    if isinstance(state, Mapping):
        return state[place]
    return state if _is_messages(state, place) else getattr(state, place)


def _is_messages(state: Any, place: str) -> bool:
    """A graph may be called with the bare list of messages."""
    return isinstance(state, list) and place == "messages"
