"""Whether the condition on a step holds: one meaning for mining, verification, replay and execution."""

from __future__ import annotations

from collections.abc import Iterator

from langchain_awo.model.ir.binding import Frame, resolve
from langchain_awo.model.ir.metatool import Condition, Guard
from langchain_awo.model.ir.pointer import MISSING
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue


def list_conditions(guard: Guard) -> Iterator[Condition]:
    """Every condition of a guard; all of them must hold."""
    yield Condition(source=guard.source, test=guard.test, value=guard.value)
    yield from guard.also


def guard_holds(guard: Guard, frame: Frame) -> bool:
    """Whether all conditions of a guard hold."""
    return all(holds(condition, resolve(condition.source, frame)) for condition in list_conditions(guard))


def holds(condition: Condition, value: JSONValue) -> bool:
    """Whether a condition holds for the value its source resolves to; a value that is not there meets only `empty`.

    >>> holds(Condition(source=None, test="one_of", value=["shipped", "delivered"]), "shipped")
    True
    >>> holds(Condition(source=None, test="at_least", value=2), MISSING)
    False
    """
    match condition.test:
        case "given":
            return value is not MISSING
        case "empty":
            return is_empty(value)
        case "nonempty":
            return not is_empty(value)
        case "equals":
            return value is not MISSING and dumps(value) == dumps(condition.value)
        case "one_of":
            return value is not MISSING and dumps(value) in {dumps(allowed) for allowed in condition.value}
        case "at_least":
            return _is_comparable(value, condition.value) and value >= condition.value
        case "at_most":
            return _is_comparable(value, condition.value) and value <= condition.value


def is_empty(value: JSONValue) -> bool:
    """Whether a value says nothing: it is missing, null, blank text, an empty list or object."""
    return value is None or value is MISSING or (isinstance(value, str | list | dict) and not value)


def _is_comparable(value: JSONValue, bound: JSONValue) -> bool:
    """Numbers compare with numbers; text with text, which orders ISO 8601 dates by time."""
    if isinstance(value, bool) or isinstance(bound, bool):
        return False
    if isinstance(value, int | float):
        return isinstance(bound, int | float)
    return isinstance(value, str) and isinstance(bound, str)
