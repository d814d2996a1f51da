r"""Tables in text as lists of objects: Markdown, comma or tab separated, and in columns.

>>> read_table("| id | city |\n|----|------|\n| 7 | Porto |")
[{'id': '7', 'city': 'Porto'}]
>>> read_table("ID    CITY\n7     Porto\n8     Rome")
[{'ID': '7', 'CITY': 'Porto'}, {'ID': '8', 'CITY': 'Rome'}]
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from langchain_awo.model.text.json_value import JSONValue

_RULE: Final = re.compile(r"\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?")
_BAR: Final = re.compile(r"(?<!\\)\|")
_GAP: Final = re.compile(r" {2,}")
_LINE: Final = re.compile(r"[-=+| ]{3,}")
_NAME: Final = re.compile(r"[^\W\d][\w ./()#%*-]{0,39}")
_DELIMITERS: Final = ("\t", ";", ",", "|")


def read_table(text: str) -> JSONValue:
    """The rows of the table that a text is; `None` if it may be something else."""
    if "\n" not in text:
        return None
    lines = text.split("\n")
    return _read_markdown(lines) or _read_separated(text, lines[0]) or _read_columns(lines)


def _read_markdown(lines: Sequence[str]) -> JSONValue:
    """The only table of a text, with other lines before and after it."""
    rules = [number for number, line in enumerate(lines) if "|" in line and _is_rule(line)]
    if len(rules) != 1 or rules[0] == 0:
        return None
    head, body = rules[0] - 1, rules[0] + 1
    end = next((n for n in range(body, len(lines)) if "|" not in lines[n]), len(lines))
    return _build_rows([_split_cells(line) for line in (lines[head], *lines[body:end])])


def _is_rule(line: str) -> bool:
    return len(line) < 2_000 and bool(_RULE.fullmatch(line.strip()))  # noqa: PLR2004


def _split_cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|")
    cells = _BAR.split(inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner)
    return [cell.strip().replace("\\|", "|") for cell in cells]


def _read_separated(text: str, head: str) -> JSONValue:
    for delimiter in _DELIMITERS:
        names = head.rstrip("\r").split(delimiter)
        if len(names) > 1 and all(_NAME.fullmatch(name.strip('"')) for name in names):
            return _read_delimited(text, delimiter)
    return None


def _read_delimited(text: str, delimiter: str) -> JSONValue:
    lines = text.split("\n")
    try:
        rows = [row for row in csv.reader(lines, delimiter=delimiter, strict=True) if row]
    except csv.Error:
        return None
    loose = sum(cell[:1] == " " for row in rows for cell in row)
    return None if loose else _build_rows(rows)


def _read_columns(lines: Sequence[str]) -> JSONValue:
    """A table whose columns are two blanks or more apart, or stand under a line."""
    body = [line.rstrip() for line in lines if line.strip()]
    rules = [number for number, line in enumerate(body) if _LINE.fullmatch(line)]
    if rules not in ([], [1]):
        return None
    rows = [line for number, line in enumerate(body) if number not in rules]
    if len(rows) < (2 if rules else 3) or "|" in body[0]:
        return None
    return _read_even(rows) or _read_aligned(rows)


def _read_even(rows: Sequence[str]) -> JSONValue:
    """Every row has a cell for each column; the index that pandas adds has no name."""
    cells = [_GAP.split(row.strip()) for row in rows]
    if rows[0].startswith(" ") and all(len(row) == len(cells[0]) + 1 for row in cells[1:]):
        cells[0] = ["index", *cells[0]]
    return _build_rows(cells)


def _read_aligned(rows: Sequence[str]) -> JSONValue:
    """Cells stand below the names; some may be empty."""
    starts = [0, *(found.end() for found in _GAP.finditer(rows[0]))]
    if any(row[start - 1 : start].strip() for row in rows for start in starts[1:]):
        return None
    ends = [*starts[1:], None]
    return _build_rows([[row[a:b].strip() for a, b in zip(starts, ends, strict=True)] for row in rows])


def _build_rows(cells: Sequence[Sequence[str]]) -> JSONValue:
    """Rows by the names in the first one; `None` if they are not of one length, or the names are no names."""
    names, *rows = cells
    if len(names) < 2 or not rows or any(len(one) != len(other) for one, other in pairwise(cells)):  # noqa: PLR2004
        return None
    if len(set(names)) < len(names) or not all(_NAME.fullmatch(name) for name in names):
        return None
    return [dict(zip(names, row, strict=True)) for row in rows]
