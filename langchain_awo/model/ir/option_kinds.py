"""What an option of a public function may be: kinds of values, and one check for all options of a call."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from math import inf
from numbers import Integral, Real
from typing import Any, Final

from langchain_awo.errors import ArgumentError
from langchain_awo.model.ir.argument_checks import describe_kind, shorten_value
from langchain_awo.model.text.phrasing import did_you_mean


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value.

    Attributes:
        accepts: whether a value is one.
        fix: what to write instead of one that is not.
    """

    accepts: Callable[[Any], bool]
    fix: str

    @property
    def optional(self) -> Kind:
        """The same, or `None`."""
        return Kind(lambda value: value is None or self.accepts(value), self.fix)


def instance_of(*types: type, fix: str) -> Kind:
    """Instances of some types."""
    return Kind(lambda value: isinstance(value, types), fix)


def whole_number(least: int) -> Kind:
    """Whole numbers, the least one included."""
    return Kind(
        lambda value: _is_number(value, Integral) and value >= least,
        f"write a whole number, at least {least:,}",
    )


def number(low: float, high: float = inf) -> Kind:
    """Numbers between two bounds, both included."""
    bounds = f"at least {low:g}" if high == inf else f"from {low:g} to {high:g}"
    return Kind(
        lambda value: _is_number(value, Real) and low <= value <= high,
        f"write a number, {bounds}",
    )


def _is_number(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


TEXT: Final = instance_of(str, fix="write it as text")
TEXTS: Final = Kind(
    lambda value: (
        isinstance(value, Collection)
        and not isinstance(value, str | bytes)
        and all(isinstance(each, str) for each in value)
    ),
    "write a list of texts",
)
PATH: Final = instance_of(str, os.PathLike, fix="give a path")
KEY: Final = instance_of(str, bytes, fix="give a key as text or bytes, such as secrets.token_hex(32) makes")
FLAG: Final = instance_of(bool, fix="write True or False")
FUNCTION: Final = Kind(callable, "pass a function")
MAPPING: Final = instance_of(Mapping, fix="write a dictionary")


def check_option_names(given: Iterable[str], known: Iterable[str], *, of: str) -> None:
    """Makes sure that options exist.

    Args:
        of: what takes them.

    Raises:
        ArgumentError: one does not; the message has the nearest that does.
    """
    names = frozenset(known)
    for name in sorted(frozenset(given) - names):
        raise ArgumentError(f"{of} has no option {name!r}; {did_you_mean(name, names)}")


def check_options(kinds: Mapping[str, Kind], given: Mapping[str, object]) -> None:
    """Makes sure that options are of their kinds.

    Args:
        kinds: by name of the option.
        given: the values, by the same names; others are passed over.

    Raises:
        ArgumentError: one is not; the message names it, what it was given, and what to write instead.
    """
    for name, kind in kinds.items():
        if not kind.accepts(value := given[name]):
            is_plain = isinstance(value, str | int | float | bytes)
            told = f"={shorten_value(value)}" if is_plain else f" is {describe_kind(value)}"
            raise ArgumentError(f"{name}{told}; {kind.fix}")
