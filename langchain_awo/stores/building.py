"""Frozen data built fast."""

from __future__ import annotations

from dataclasses import fields, make_dataclass
from typing import Any, TypeVar

_Kind = TypeVar("_Kind")


def build_mutable_twin(kind: type) -> Any:
    """A class with the fields of a frozen dataclass with slots, in the same layout, that can be written to.

    The constructor of a frozen dataclass sets each field through `object.__setattr__` and takes five times as long as
    the twin's; `freeze` makes one of the twin's objects one of the frozen class. The twin takes every field by its
    position, in the order of the class, since by name it would take three times as long.
    """
    return make_dataclass(kind.__name__, [(each.name, object) for each in fields(kind)], slots=True)


def freeze(made: Any, kind: type[_Kind]) -> _Kind:
    """An object of a twin as one of the frozen class it is the twin of."""
    made.__class__ = kind
    frozen: _Kind = made
    return frozen
