"""A walk over a value that puts something in the place of every secret in it."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from langchain_awo.capture.redaction.rules import RuledDetector
from langchain_awo.capture.redaction.tables import find_secret_cells, find_secret_columns
from langchain_awo.model.secrets.detection import join_spans
from langchain_awo.model.secrets.mask import MASK
from langchain_awo.model.secrets.schema import BY_NAME, SHOWN
from langchain_awo.model.secrets.sentences import CREDENTIAL_LIKE, find_secret_parts, is_credible
from langchain_awo.model.secrets.shapes import Span
from langchain_awo.model.text.encoding import MAX_TEXT_TO_PARSE, loads, to_json
from langchain_awo.model.text.json_value import JSONValue

_LABELS: Final = (
    "name",
    "key",
    "field",
    "header",
    "label",
    "param",
    "parameter",
    "variable",
    "attribute",
    "property",
    "k",
    "id",
)
_VALUES: Final = frozenset(
    {"value", "val", "v", "content", "data", "text", "string_value", "stringvalue", "plaintext", "default"}
)
_PASSES: Final = 3
"""So often a text is searched as long as something is found: a secret may hide the name of the next."""

_AGAIN: Final = 100_000
"""Characters of a text that is searched again; longer ones are searched once, which takes seconds for megabytes."""

_TYPES: Final = frozenset({"string", "integer", "number", "boolean", "object", "array", "null"})


class Walk:
    """Rewrites values.

    Args:
        detector: says what is secret.
        substitute: what to put in the place of a secret.
        known: where else in a text secrets are.
    """

    def __init__(
        self,
        detector: RuledDetector,
        substitute: Callable[[str], str],
        known: Callable[[str], list[Span]] = lambda _: [],
    ) -> None:
        self._detector = detector
        self._substitute = substitute
        self._known = known

    def value(self, value: JSONValue, key: str = "") -> JSONValue:
        """The value with its secrets replaced.

        Args:
            key: what it is called.
        """
        if isinstance(value, str):
            return self.text(value, key)
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list | tuple):
            return self._list(list(value), key)
        known = isinstance(value, int | float) and not isinstance(value, bool) and self._known(str(value))
        return self._substitute(str(value)) if known == [(0, len(str(value)))] else value

    def text(self, text: str, key: str = "") -> str:
        """The text with its secrets replaced; text that has a structure keeps it."""
        for _ in range(_PASSES):
            known = self._known(text)
            if not known and not self._detector.may_hold(text):
                return text
            structured = self._structured(text)
            if structured is not None:
                return structured
            spans = join_spans([*known, *self._spans(text, key)], text)
            if not spans:
                return text
            text = self._replaced(text, spans)
            if len(text) > _AGAIN:
                break
        return text

    def _spans(self, text: str, key: str) -> list[Span]:
        return [
            *self._detector.spans(text, key),
            *find_secret_cells(text, self._detector.names_secrets),
        ]

    def schema(self, schema: JSONValue, *, secret: bool = False) -> JSONValue:
        """A JSON Schema whose properties keep their types, and lose the defaults and examples that are secret."""
        if not isinstance(schema, dict):
            return self.value(schema)
        return {
            str(key): {str(name): self._property(str(name), each) for name, each in item.items()}
            if key in BY_NAME and isinstance(item, dict)
            else self._shown(item, secret=secret)
            if key in SHOWN
            else self._subschema(item, secret=secret)
            for key, item in schema.items()
        }

    def _property(self, name: str, schema: JSONValue) -> JSONValue:
        return self.schema(schema, secret=self._detector.names_secrets(name))

    def _subschema(self, item: JSONValue, *, secret: bool) -> JSONValue:
        if isinstance(item, list):
            return [self.schema(each, secret=secret) for each in item]
        return self.schema(item, secret=secret)

    def _shown(self, item: JSONValue, *, secret: bool) -> JSONValue:
        return self._leaves(item, "") if secret else self.value(item)

    def _object(self, value: dict[Any, JSONValue]) -> dict[str, JSONValue]:
        columns = find_secret_columns(value, self._detector.names_secrets)
        return {
            self.text(str(key)): self._rows(item, columns)
            if columns and isinstance(item, list) and item and isinstance(item[0], list)
            else self._named(name, item)
            for key, name, item in _iterate_named(value)
        }

    def _named(self, name: str, item: JSONValue) -> JSONValue:
        if not self._detector.is_secret(name, item):
            return self.value(item, name)
        return self.schema(item, secret=True) if _is_schema(item) else self._leaves(item, name)

    def _list(self, value: list[JSONValue], key: str) -> JSONValue:
        if len(value) > 1 and all(_is_row(item, value[0]) for item in value):
            header = [str(cell) for cell in value[0]]
            columns = [index for index, name in enumerate(header) if self._is_column(name, value[1:], index)]
            if columns:
                return [self.value(value[0]), *self._rows(value[1:], columns)]
        if all(_is_pair(item) for item in value):
            return [[self.text(name), self._named(name, item)] for name, item in value]
        return [self._element(item, before, key) for before, item in zip([None, *value], value, strict=False)]

    def _element(self, item: JSONValue, before: JSONValue, key: str) -> JSONValue:
        """An element of a list: perhaps what follows `--password`, or the second of `["password", "x"]`."""
        if isinstance(before, str) and isinstance(item, str) and self._detector.is_secret(before, item):
            flag = before.startswith("-") and not item.startswith("-")
            if flag or CREDENTIAL_LIKE.fullmatch(item):
                return self._leaves(item, before)
        if key and not isinstance(item, dict | list) and self._detector.is_secret(key, item):
            return self._leaves(item, key)
        return self.value(item, key)

    def _is_column(self, name: str, rows: list[JSONValue], index: int) -> bool:
        return self._detector.names_secrets(name) and not any(
            isinstance(row[index], str) and self._detector.names_secrets(row[index]) for row in rows
        )

    def _rows(self, rows: list[JSONValue], columns: list[int]) -> list[JSONValue]:
        return [
            [
                self._leaves(cell, "") if index in columns else self.value(cell)
                for index, cell in enumerate(row)
            ]
            if isinstance(row, list)
            else self.value(row)
            for row in rows
        ]

    def _leaves(self, value: JSONValue, name: str) -> JSONValue:
        """Everything in a value replaced, but flags and nothing."""
        if isinstance(value, dict):
            return {self.text(str(key)): self._leaves(item, str(key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._leaves(item, name) for item in value]
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return value
        text = str(value)
        if MASK.search(text) or self._detector.is_allowed(text) or not is_credible(text, "any"):
            return value
        return self._replaced(text, find_secret_parts(text, name))

    def _structured(self, text: str) -> str | None:
        parsed = parse(text)
        if parsed is None:
            return None
        value, dump = parsed
        try:
            masked = self.value(value)
            return dump(masked) if masked != value else text
        except RecursionError:
            return None

    def _replaced(self, text: str, spans: Iterable[Span]) -> str:
        pieces, done = [], 0
        for start, end in spans:
            pieces += [text[done:start], self._substitute(text[start:end])]
            done = end
        return "".join([*pieces, text[done:]])


def _iterate_named(value: dict[Any, JSONValue]) -> Iterator[tuple[str, str, JSONValue]]:
    """Key, what the value is called, and value; `{"name": "token", "value": "x"}` calls it `token`."""
    lowered = {str(key).lower(): item for key, item in value.items()}
    label = next((lowered[each] for each in _LABELS if isinstance(lowered.get(each), str)), None)
    for key, item in value.items():
        yield key, label if label and str(key).lower() in _VALUES else str(key), item


def _is_pair(item: JSONValue) -> bool:
    """Whether it could be a name and its value."""
    return isinstance(item, list | tuple) and len(item) == len(("name", "value")) and isinstance(item[0], str)


def _is_schema(value: JSONValue) -> bool:
    if not isinstance(value, dict):
        return False
    kind = value.get("type")
    return (isinstance(kind, str) and kind in _TYPES) or bool({"$ref", "anyOf"} & value.keys())


def _is_row(item: JSONValue, header: JSONValue) -> bool:
    return (
        isinstance(item, list)
        and isinstance(header, list)
        and len(item) == len(header) > 1
        and all(isinstance(cell, str) for cell in header)
    )


def parse(text: str) -> tuple[JSONValue, Callable[[JSONValue], str]] | None:
    """The value of JSON text or of a Python literal, and how to write it as text of the same kind again."""
    stripped = text.strip()
    if stripped[:1] not in ("{", "[", "(") or len(text) > MAX_TEXT_TO_PARSE:
        return None
    try:
        indent = 2 if "\n" in stripped else None
        ascii_only = stripped.isascii()
        return loads(stripped), lambda value: json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    except ValueError:
        pass
    try:
        return to_json(ast.literal_eval(stripped)), repr
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None
