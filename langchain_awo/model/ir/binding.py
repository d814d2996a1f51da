"""Where an argument of a step comes from: a sum type, and the one meaning of it.

`resolve` serves verification and execution alike. Steps are counted from 1. Paths are JSON Pointers as in
`langchain_awo.model.ir.pointer`; the output of a mapped step is the list of its items' outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, SerializerFunctionWrapHandler, WrapSerializer

from langchain_awo.model.ir.pointer import MISSING, expand, look_up
from langchain_awo.model.ir.transform import TransformName, apply_transform
from langchain_awo.model.text.json_value import JSONValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """The same value in every run."""

    value: JSONValue
    kind: Literal["constant"] = "constant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of the meta-tool, or a place inside one."""

    name: str
    path: str = ""
    kind: Literal["parameter"] = "parameter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A place in the decoded output of an earlier step; with `*` in the path, the list of all such places."""

    step: int
    path: str = ""
    kind: Literal["output"] = "output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """A place in the arguments of an earlier step that is not mapped."""

    step: int
    path: str
    kind: Literal["argument"] = "argument"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """The item that a mapped step is run for, or a place inside it."""

    path: str = ""
    kind: Literal["item"] = "item"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Fixed text around a value."""

    prefix: str
    source: Binding
    suffix: str = ""
    kind: Literal["template"] = "template"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """A simple deterministic function of a value.

    Attributes:
        option: what the transform needs besides the value, such as a date format or a number of days.
    """

    name: TransformName
    source: Binding
    option: str = ""
    kind: Literal["transform"] = "transform"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectOf:
    """An object whose members are bound one by one; members that resolve to nothing are left out."""

    members: dict[str, Binding]
    kind: Literal["object"] = "object"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf:
    """A list whose elements are bound one by one."""

    elements: tuple[Binding, ...]
    kind: Literal["list"] = "list"


def _with_kind(binding: Any, serialize: SerializerFunctionWrapHandler) -> dict[str, JSONValue]:
    """Keeps the tag, which is a default, when defaults are left out."""
    return {"kind": binding.kind, **serialize(binding)}


Binding: TypeAlias = Annotated[
    Constant | Parameter | Output | Argument | Item | Template | Transform | ObjectOf | ListOf,
    Discriminator("kind"),
    WrapSerializer(_with_kind),
]
"""Where an argument of a step comes from."""


@dataclass(slots=True)
class Frame:
    """What exists while a meta-tool runs.

    Attributes:
        parameters: the arguments the meta-tool was called with; absent optional ones are not in it.
        arguments: of the steps done so far, by step number; a mapped step has none.
        outputs: decoded outputs of the steps done so far, by step number.
        item: the item of the mapped step being run.
    """

    parameters: Mapping[str, JSONValue] = field(default_factory=dict)
    arguments: dict[int, dict[str, JSONValue]] = field(default_factory=dict)
    outputs: dict[int, JSONValue] = field(default_factory=dict)
    item: JSONValue = MISSING


def resolve(binding: Binding, frame: Frame) -> JSONValue:
    """The value of a binding, or `MISSING` when what it refers to does not exist."""
    match binding:
        case Constant(value=value):
            return value
        case Parameter(name=name, path=path):
            return _select_at(frame.parameters.get(name, MISSING), path)
        case Output(step=step, path=path):
            return _select_at(frame.outputs.get(step, MISSING), path)
        case Argument(step=step, path=path):
            return _select_at(frame.arguments.get(step, MISSING), path)
        case Item(path=path):
            return _select_at(frame.item, path)
        case _:
            return _compose(binding, frame)


def _compose(binding: Template | Transform | ObjectOf | ListOf, frame: Frame) -> JSONValue:
    match binding:
        case Template(prefix=prefix, source=source, suffix=suffix):
            value = resolve(source, frame)
            usable = isinstance(value, str | int | float) and not isinstance(value, bool)
            return f"{prefix}{value}{suffix}" if usable else MISSING
        case Transform(name=name, source=source, option=option):
            value = resolve(source, frame)
            return MISSING if value is MISSING else apply_transform(name, value, option)
        case ObjectOf(members=members):
            values = {key: resolve(member, frame) for key, member in members.items()}
            return {key: value for key, value in values.items() if value is not MISSING}
        case ListOf(elements=elements):
            resolved = [resolve(element, frame) for element in elements]
            return MISSING if MISSING in resolved else resolved


def _select_at(value: JSONValue, path: str) -> JSONValue:
    if value is MISSING:
        return MISSING
    return expand(value, path) if "*" in path else look_up(value, path)


Leaf: TypeAlias = Constant | Parameter | Output | Argument | Item
"""A binding without bindings inside."""


def list_leaves(binding: Binding) -> list[Leaf]:
    """The leaves of a binding, in order."""
    match binding:
        case Template(source=source) | Transform(source=source):
            return list_leaves(source)
        case ObjectOf(members=members):
            return [leaf for member in members.values() for leaf in list_leaves(member)]
        case ListOf(elements=elements):
            return [leaf for element in elements for leaf in list_leaves(element)]
        case _:
            return [binding]


def iterate_parts(binding: Binding) -> Iterator[Binding]:
    """A binding and everything in it, each before what it is composed of."""
    yield binding
    match binding:
        case Template(source=source) | Transform(source=source):
            yield from iterate_parts(source)
        case ObjectOf(members=members):
            for member in members.values():
                yield from iterate_parts(member)
        case ListOf(elements=elements):
            for element in elements:
                yield from iterate_parts(element)


def uses_item(binding: Binding) -> bool:
    """Whether a binding reads the item that a mapped step is run for."""
    return any(isinstance(leaf, Item) for leaf in list_leaves(binding))


def renumber(binding: Binding, numbers: Mapping[int, int]) -> Binding:
    """The same binding where the steps it refers to have other numbers."""

    def numbered(leaf: Leaf) -> Leaf:
        return replace(leaf, step=numbers[leaf.step]) if isinstance(leaf, Output | Argument) else leaf

    return with_leaves(binding, numbered)


def rename(binding: Binding, names: Mapping[str, str]) -> Binding:
    """The same binding where parameters have other names; those that are not in `names` keep theirs."""

    def named(leaf: Leaf) -> Leaf:
        return replace(leaf, name=names.get(leaf.name, leaf.name)) if isinstance(leaf, Parameter) else leaf

    return with_leaves(binding, named)


def with_leaves(binding: Binding, change: Callable[[Leaf], Leaf]) -> Binding:
    """The same binding with every leaf changed."""
    match binding:
        case Template(source=source) | Transform(source=source):
            return replace(binding, source=with_leaves(source, change))
        case ObjectOf(members=members):
            return ObjectOf(members={key: with_leaves(member, change) for key, member in members.items()})
        case ListOf(elements=elements):
            return ListOf(elements=tuple(with_leaves(element, change) for element in elements))
        case _:
            return change(binding)
