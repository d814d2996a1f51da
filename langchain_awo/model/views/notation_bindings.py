"""Bindings of the notation read back, such as `#1/orders/*`, `"Bearer {#1/token}"` or `[{name: $name}]`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, TypeVar, cast

from langchain_awo.model.ir.binding import (
    Argument,
    Binding,
    Constant,
    Item,
    ListOf,
    ObjectOf,
    Output,
    Parameter,
    Template,
    Transform,
)
from langchain_awo.model.ir.transform import TRANSFORM_NAMES, TransformName
from langchain_awo.model.views.notation_scanner import Scanner

Part = TypeVar("Part")

_WORD: Final = re.compile(r"[a-z_]+")
_WORDS: Final = {"null": None, "true": True, "false": False}
_BINDING: Final = "$parameter, #1/place, #1.args/place, item, a value in JSON or a transform"


def read_binding(scan: Scanner) -> Binding:
    """Reads one binding."""
    if scan.take("$"):
        return Parameter(name=scan.name("the name of a parameter"), path=scan.path())
    if scan.take("#"):
        step = scan.integer()
        return (
            Argument(step=step, path=scan.path())
            if scan.take(".args")
            else Output(step=step, path=scan.path())
        )
    if scan.take('"'):
        return _read_text(scan)
    here = scan.text[scan.at : scan.at + 1]
    if here == "{":
        return _simplify_object(dict(read_list(scan, _read_member, "{", "}")))
    if here == "[":
        return _simplify_list(read_list(scan, read_binding, "[", "]"))
    if here in "-0123456789" and here:
        return Constant(value=scan.number())
    return _read_worded(scan, scan.match(_WORD))


def _read_worded(scan: Scanner, word: str) -> Binding:
    """What begins with a word: a value, an item, a list or an object of constants, or a transform."""
    if word in _WORDS:
        return Constant(value=_WORDS[word])
    match word:
        case "item":
            return Item(path=scan.path())
        case "list":
            return ListOf(elements=tuple(read_list(scan, read_binding, "(", ")")))
        case "object":
            return ObjectOf(members=dict(read_list(scan, _read_member, "(", ")")))
    if word not in TRANSFORM_NAMES:
        scan.at -= len(word)
        scan.fail("a binding", fix=f"write {_BINDING}")
    scan.expect("(")
    source = read_binding(scan)
    option = scan.quoted() if scan.take(", ") else ""
    scan.expect(")")
    return Transform(name=cast("TransformName", word), source=source, option=option)


def _read_text(scan: Scanner) -> Binding:
    """A constant text, or one with a place in it."""
    prefix = scan.plain_text()
    if scan.take('"'):
        return Constant(value=prefix)
    scan.expect("{", fix="a brace of the text itself is written twice")
    scan.skip_spaces()
    source = read_binding(scan)
    scan.expect("}")
    suffix = scan.plain_text()
    scan.expect('"', fix="a text holds one place; a brace of the text itself is written twice")
    return Template(prefix=prefix, source=source, suffix=suffix)


def _read_member(scan: Scanner) -> tuple[str, Binding]:
    name = scan.key()
    scan.expect(":", fix="a member is written name: binding")
    scan.skip_spaces()
    return name, read_binding(scan)


def _simplify_object(members: dict[str, Binding]) -> Binding:
    """What is all constant is a value."""
    values = {key: each.value for key, each in members.items() if isinstance(each, Constant)}
    return Constant(value=values) if len(values) == len(members) else ObjectOf(members=members)


def _simplify_list(elements: list[Binding]) -> Binding:
    values = [each.value for each in elements if isinstance(each, Constant)]
    return Constant(value=values) if len(values) == len(elements) else ListOf(elements=tuple(elements))


def read_list(scan: Scanner, part: Callable[[Scanner], Part], opening: str, closing: str) -> list[Part]:
    """What stands between two brackets, separated by commas."""
    scan.expect(opening)
    scan.skip_spaces()
    if scan.take(closing):
        return []
    found = [part(scan), *read_more(scan, ",", part)]
    scan.skip_spaces()
    scan.expect(closing)
    return found


def read_more(scan: Scanner, separator: str, part: Callable[[Scanner], Part]) -> Iterator[Part]:
    """Reads the parts that follow, each behind a separator."""
    while scan.take(separator):
        scan.skip_spaces()
        yield part(scan)
