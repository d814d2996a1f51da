"""What the tools of a generated world return: made of their arguments alone, in the shapes that real tools return."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import yaml

from langchain_awo.model.ir.pointer import look_up
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue

Shape: TypeAlias = Literal["value", "json_text", "python_text", "key_value_text", "bare_text", "prose_text"]
"""How an output is handed over: as a value, as text that can be parsed, or its only field bare or in a sentence."""

LEAD: Final = "number "
"""The words before the field in a sentence."""

FieldKind: TypeAlias = Literal[
    "id", "number", "date", "word", "common", "ids", "records", "keyed", "decoy", "echo"
]
"""`ids` is a list of ids, `records` a list of objects with an `id`, `keyed` an object of such objects by id."""

COMMON: Final[tuple[JSONValue, ...]] = (1, 2, 0, True, False, "", None)
WORDS: Final = ("open", "closed", "late", "paid", "new", "held")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One place in the output of a tool.

    Attributes:
        pointer: where it stands; `""` only for the bare text.
        prefix: start of the ids in it, so that ids of different fields differ.
        of: pointer of the field that a decoy sometimes equals, or name of the argument that an echo repeats.
        chance: how often a decoy has the other field's value.
    """

    pointer: str
    kind: FieldKind
    prefix: str = ""
    of: str = ""
    chance: float = 0.0


def make_output(fields: tuple[Field, ...], args: Mapping[str, JSONValue], *, seed: str) -> JSONValue:
    """The output as a value: the same for the same seed and arguments."""
    chance = random.Random(f"{seed}/{dumps(args)}")  # noqa: S311  # made-up data, not a secret
    document: JSONValue = {}
    for field in fields:
        value = _draw_value(field, args, document, chance)
        if not field.pointer:
            return value
        _put(document, field.pointer, value)
    return document


def render(document: JSONValue, shape: Shape) -> JSONValue:
    """The output as the tool hands it over."""
    match shape:
        case "json_text":
            return dumps(document)
        case "python_text":
            return repr(document)
        case "key_value_text":
            return str(yaml.safe_dump(document, sort_keys=False))
        case "prose_text":
            return f"Done: {LEAD}{document} was found, and nothing else."
        case _:
            return document


def _draw_value(
    field: Field, args: Mapping[str, JSONValue], document: JSONValue, chance: random.Random
) -> JSONValue:
    def fresh() -> str:
        return f"{field.prefix}{chance.randrange(10_000, 100_000)}"

    makers: dict[FieldKind, Callable[[], JSONValue]] = {
        "id": fresh,
        "number": lambda: chance.randrange(1_000, 1_000_000),
        "date": lambda: str(dt.date(2024, 1, 1) + dt.timedelta(days=chance.randrange(700))),
        "word": lambda: chance.choice(WORDS),
        "common": lambda: chance.choice(COMMON),
        "ids": lambda: [fresh() for _ in range(chance.randint(2, 4))],
        "records": lambda: [_draw_record(fresh(), chance) for _ in range(chance.randint(2, 4))],
        "keyed": lambda: {key: _draw_record(key, chance) for key in (fresh() for _ in range(3))},
        "decoy": lambda: look_up(document, field.of) if chance.random() < field.chance else fresh(),
        "echo": lambda: args.get(field.of),
    }
    return makers[field.kind]()


def _draw_record(key: str, chance: random.Random) -> dict[str, JSONValue]:
    return {"id": key, "state": chance.choice(WORDS), "count": chance.choice(COMMON)}


def _put(document: JSONValue, pointer: str, value: JSONValue) -> None:
    *above, last = pointer[1:].split("/")
    for key in above:
        document = document.setdefault(key, {})
    document[last] = value
