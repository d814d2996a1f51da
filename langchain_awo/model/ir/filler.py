"""Values that models fill in where they have nothing to say: a schema offers a parameter, and so they pass something."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from langchain_awo.model.ir.metatool import ParameterSpec
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue

_WORDS: Final = frozenset({"", "none", "null", "n/a"})


def is_filler(value: JSONValue) -> bool:
    """Whether a value may stand for nothing.

    >>> [is_filler(each) for each in (0, False, None, " ", "N/A", [], {}, "0", "Nonesuch", [0])]
    [True, True, True, True, True, True, True, False, False, False]
    """
    if isinstance(value, str):
        return value.strip().casefold() in _WORDS
    return not value


def is_given(spec: ParameterSpec, value: JSONValue) -> bool:
    """Whether a model says something with a value, or only fills an optional parameter that was offered.

    What recorded calls really passed counts as given, and so does what the schema lists as a choice.
    """
    if value is None:
        return False
    if spec.required or not is_filler(value):
        return True
    return dumps(value) in {dumps(choice) for choice in (*spec.meant, *_list_choices(spec))}


def find_fillers(values: Iterable[JSONValue]) -> tuple[JSONValue, ...]:
    """Of the values that calls passed, those that may stand for nothing, each once; null says nothing anyway."""
    fillers = {dumps(value): value for value in values if value is not None and is_filler(value)}
    return tuple(fillers[text] for text in sorted(fillers))


def _list_choices(spec: ParameterSpec) -> Sequence[JSONValue]:
    listed = spec.schema.get("enum")
    return listed if isinstance(listed, list) else []
