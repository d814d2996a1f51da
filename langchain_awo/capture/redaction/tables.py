"""Secrets in columns: tables as JSON, as comma-separated values and in Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from langchain_awo.model.secrets.mask import MASK_START
from langchain_awo.model.secrets.sentences import is_credible
from langchain_awo.model.secrets.shapes import Span
from langchain_awo.model.text.json_value import JSONValue

NamesSecrets: TypeAlias = Callable[[str], bool]

_HEADERS: Final = ("columns", "headers", "header", "fields", "column_names", "names")
_MAX_HEADER: Final = 2_000
_SEPARATORS: Final = (",", ";", "\t", "|")
_CELLS: Final = {
    each: re.compile(rf'"((?:[^"]|"")*)"(?={re.escape(each)}|$)|([^{re.escape(each)}]*)')
    for each in _SEPARATORS
}


def find_secret_columns(value: dict[Any, JSONValue], names_secrets: NamesSecrets) -> list[int]:
    """Places of the secret columns of a table such as `{"columns": ["user", "password"], "rows": [["ann", "x"]]}`."""
    for each in _HEADERS:
        names = value.get(each)
        if isinstance(names, list) and names:
            labels = [name.get("name") if isinstance(name, dict) else name for name in names]
            return [
                index for index, name in enumerate(labels) if isinstance(name, str) and names_secrets(name)
            ]
    return []


def find_secret_cells(text: str, names_secrets: NamesSecrets) -> Iterator[Span]:
    """The secret cells of a text that is a table from its first line on; a line with a mask in it names nothing."""
    end = text.find("\n", 0, _MAX_HEADER)
    if end <= 0 or MASK_START in text[:end]:
        return
    for separator in _SEPARATORS:
        if separator not in text[:end]:
            continue
        header = cells_of(text, 0, end, separator)
        columns = [index for index, cell in enumerate(header) if names_secrets(text[slice(*cell)])]
        if columns:
            yield from _find_cells_below(text, end + 1, separator, len(header), columns)
            return


def _find_cells_below(
    text: str, start: int, separator: str, width: int, columns: list[int]
) -> Iterator[Span]:
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        cells = cells_of(text, start, end, separator)
        if len(cells) != width:
            return
        for index in columns:
            first, last = cells[index]
            if is_credible(text[first:last], "any"):
                yield first, last
        start = end + 1


def cells_of(text: str, start: int, end: int, separator: str) -> list[Span]:
    """The cells of a line, without blanks and quotes around them."""
    cells = []
    while start <= end:
        match = _CELLS[separator].match(text, start, end)
        if match is None:
            break
        first, last = match.span(1 if match[1] is not None else 2)
        value = text[first:last]
        cells.append((first + len(value) - len(value.lstrip()), first + len(value.rstrip())))
        start = match.end() + 1
    return cells
