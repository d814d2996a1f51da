"""Where in earlier outputs and arguments a value stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from langchain_awo.model.binding import Argument, Binding, Frame, Item, Output, Transform
from langchain_awo.model.encoding import dumps
from langchain_awo.model.pointer import escape
from langchain_awo.model.trace import JSONValue
from langchain_awo.model.transform import TransformName

MAX_LEAVES: Final = 20_000
"""Leaves of one output that are looked at; outputs beyond that are lists of the same thing."""

_DATA_KEY: Final = re.compile(r"\d{3}|^\d+$|^[0-9a-f]{8}-")

Segment: TypeAlias = str | int


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One place, or each element of a list.

    Attributes:
        path: pointer; with `*` it stands for each element.
        transform: what makes the argument of the value there, empty for the value itself.
    """

    kind: Literal["output", "argument"]
    step: int
    path: str
    transform: str = ""
    option: str = ""

    @property
    def is_list(self) -> bool:
        """Whether it stands for each element of a list."""
        return "*" in self.path

    @property
    def list_path(self) -> str:
        """Path of the elements: up to and including the last `*`."""
        return self.path[: self.path.rindex("*") + 1]

    def binding(self) -> Binding:
        """The binding that reads this place; for an element, inside a map over its list."""
        if self.is_list:
            source: Binding = Item(path=self.path[len(self.list_path) :])
        elif self.kind == "output":
            source = Output(step=self.step, path=self.path)
        else:
            source = Argument(step=self.step, path=self.path)
        if not self.transform:
            return source
        name: TransformName = self.transform  # type: ignore[assignment]  # made from TRANSFORMS below
        return Transform(name=name, source=source, option=self.option)


def value_key(value: JSONValue) -> str:
    """Equal for equal JSON values only."""
    return dumps(value)


def find_places(frame: Frame, wanted: Mapping[str, JSONValue]) -> Iterator[tuple[str, Place]]:
    """Every place in a frame that holds one of the wanted values, itself or after a simple transform.

    Args:
        wanted: the values by their `value_key`.

    Yields:
        The key of a wanted value and a place; elements of lists both as themselves (the first and the last) and as
        "each element".
    """
    by_text = _by_text(wanted)
    for step, args in frame.arguments.items():
        for path, value in _leaves(args):
            for key, transform, option in _hits(value, wanted, by_text):
                yield key, Place("argument", step, _exact(path), transform, option)
    for step, output in frame.outputs.items():
        for path, value in _leaves(output):
            for key, transform, option in _hits(value, wanted, by_text):
                for pointer in _pointers(path, output):
                    yield key, Place("output", step, pointer, transform, option)


def _by_text(wanted: Mapping[str, JSONValue]) -> dict[str, list[str]]:
    folded: dict[str, list[str]] = {}
    for key, value in wanted.items():
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            folded.setdefault(str(value).strip().lower(), []).append(key)
    return folded


def _hits(
    value: JSONValue, wanted: Mapping[str, JSONValue], by_text: Mapping[str, list[str]]
) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, dict | list):
        return
    key = value_key(value)
    if key in wanted:
        yield key, "", ""
    if value is None or isinstance(value, bool):
        return
    for other in by_text.get(str(value).strip().lower(), ()):
        if other != key:
            transform = _transform(value, wanted[other])
            if transform:
                yield other, transform, ""
    if isinstance(value, str) and len(value) > 10 and value[4:5] == "-" and value[7:8] == "-":  # noqa: PLR2004  # ISO date
        date = value_key(value[:10])
        if date in wanted:
            yield date, "date_format", "%Y-%m-%d"


def _transform(value: JSONValue, wanted: JSONValue) -> str:
    if isinstance(value, str) and isinstance(wanted, str):
        for name in ("strip", "lower", "upper", "title"):
            if getattr(value, name)() == wanted:
                return name
    if isinstance(value, str) and isinstance(wanted, int | float):
        return "to_number"
    return "to_text" if isinstance(value, int | float) and isinstance(wanted, str) else ""


def _leaves(value: JSONValue) -> Iterator[tuple[tuple[Segment, ...], JSONValue]]:
    """Scalars with their paths, breadth limited by `MAX_LEAVES`."""
    stack: list[tuple[tuple[Segment, ...], JSONValue]] = [((), value)]
    count = 0
    while stack and count < MAX_LEAVES:
        path, current = stack.pop()
        if isinstance(current, dict):
            stack.extend(((*path, key), member) for key, member in reversed(current.items()))
        elif isinstance(current, list):
            stack.extend(((*path, i), element) for i, element in reversed(list(enumerate(current))))
        else:
            count += 1
            yield path, current


def _exact(path: tuple[Segment, ...]) -> str:
    return "".join(f"/{segment if isinstance(segment, int) else escape(segment)}" for segment in path)


def _pointers(path: tuple[Segment, ...], document: JSONValue) -> Iterator[str]:
    """The pointers under which a leaf can be named: exactly, as the last element, as each element."""
    many = [isinstance(segment, int) or bool(_DATA_KEY.search(segment)) for segment in path]
    indices = [segment for segment in path if isinstance(segment, int)]
    keyed = any(flag and isinstance(segment, str) for flag, segment in zip(many, path, strict=True))
    if not keyed and all(index == 0 for index in indices):
        yield _exact(path)
    if any(many):
        parts = ("*" if flag else escape(str(segment)) for flag, segment in zip(many, path, strict=True))
        yield "".join(f"/{part}" for part in parts)
    if len(indices) == 1 and not keyed and _is_last(path, document):
        yield "".join(f"/{-1 if isinstance(segment, int) else escape(segment)}" for segment in path)


def _is_last(path: tuple[Segment, ...], document: JSONValue) -> bool:
    value = document
    for segment in path:
        if isinstance(segment, int):
            return bool(segment) and segment == len(value) - 1
        value = value[segment]
    return False
