"""What `make bench` measured: the tables that its programs print, as one file, and back into the page that shows them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final, TypeAlias

ROOT: Final = Path(__file__).resolve().parents[1]
FIGURES: Final = ROOT / "benchmarks" / "figures.json"
PAGE: Final = ROOT / "docs" / "benchmarks.md"

Row: TypeAlias = list[str]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table as a program printed it."""

    header: Row
    rows: list[Row]

    def column(self, name: str) -> Row:
        """The cells below a heading."""
        place = self.header.index(name)
        return [row[place] for row in self.rows]

    def numbers(self, name: str) -> list[float]:
        """The same as numbers, `nan` where there is none; of `100,000, from SQLite` the number."""
        return [read_number(cell) for cell in self.column(name)]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One run of all programs.

    Attributes:
        measured: the day, and `machine` where.
        quick: on small logs, which say little of large ones.
        tables: by program and place, such as `scale 1`.
        notes: the other lines that the programs printed, by program.
    """

    measured: str
    machine: str
    quick: bool
    tables: dict[str, Table] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """When and where, as pages say it."""
        return f"measured {self.measured}, {self.machine}{', small logs (QUICK=1)' if self.quick else ''}"


def read_number(cell: str) -> float:
    """The number that a cell begins with; `nan` if it begins with none."""
    found = re.match(r"-?[\d,]*\.?\d+", cell.strip())
    return float(found[0].replace(",", "")) if found else float("nan")


def read_printed(program: str, text: str) -> tuple[dict[str, Table], list[str]]:
    """The tables of what a program printed, numbered, and its lines between and behind them: libraries greet before."""
    tables: dict[str, Table] = {}
    notes: list[str] = []
    for is_table, group in groupby(text.splitlines(), key=lambda line: line.startswith("|")):
        if not is_table:
            notes += [line for line in group if line.strip() and tables]
            continue
        header, _, *rows = map(_read_row, group)
        tables[f"{program} {len(tables) + 1}"] = Table(header=header, rows=rows)
    return tables, notes


def write_figures(figures: Figures, path: Path = FIGURES) -> None:
    """Saves what was measured."""
    path.write_text(json.dumps(asdict(figures), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load_figures(path: Path = FIGURES) -> Figures:
    """What was measured last."""
    data = json.loads(path.read_text(encoding="utf-8"))
    tables = {name: Table(**each) for name, each in data.pop("tables").items()}
    return Figures(**data, tables=tables)


def write_tables(page: str, figures: Figures) -> str:
    """A page with the tables between its markers replaced; everything else stays as it is.

    A table named `scale 1` stands between `<!-- bench: scale 1 -->` and `<!-- end of bench -->`.

    Raises:
        ValueError: a marker names a table that was not measured, or has no end.
    """

    def replaced(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in figures.tables:
            raise ValueError(f"the page wants the table {name!r}, which no program printed")
        shown = "\n".join(_format_table(figures.tables[name]))
        return f"{found['start']}\n<!-- {figures.origin} -->\n{shown}\n{END}"

    if len(_MARKED.findall(page)) != page.count(_BEGIN):
        raise ValueError(f"a marker of the page has no {END} behind it")
    return _MARKED.sub(replaced, page)


END: Final = "<!-- end of bench -->"
_BEGIN: Final = "<!-- bench: "
_MARKED: Final = re.compile(rf"(?P<start>{_BEGIN}(?P<name>[^>]*?) -->)(?:(?!{_BEGIN}).)*?{END}", re.DOTALL)


def describe_figures(figures: Figures) -> str:
    """What the picture shows, in words: for those who do not see it, and so that it is known what it was made from."""
    parts = [figures.origin, *(_describe_table(name, each) for name, each in sorted(figures.tables.items()))]
    return ". ".join(parts) + "."


def _describe_table(name: str, table: Table) -> str:
    rows = ("; ".join(_join_cells(table.header, row)) for row in table.rows)
    return f"{name}: {' / '.join(rows)}"


def _join_cells(header: Sequence[str], row: Sequence[str]) -> Iterator[str]:
    yield row[0]
    yield from (f"{value} {name}" for name, value in zip(header[1:], row[1:], strict=False) if value)


def _read_row(line: str) -> Row:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _format_table(table: Table) -> Iterable[str]:
    yield _format_row(table.header)
    numeric = [_is_numeric(table.rows, place) for place in range(len(table.header))]
    yield "|" + "|".join("---:" if each else "---" for each in numeric) + "|"
    yield from (_format_row([*row, *[""] * (len(table.header) - len(row))]) for row in table.rows)


def _format_row(row: Sequence[str]) -> str:
    return f"| {' | '.join(row)} |".replace("|  |", "| |").replace("|  |", "| |")


def _is_numeric(rows: Sequence[Row], place: int) -> bool:
    cells = [row[place] for row in rows if place < len(row) and row[place]]
    return place > 0 and sum(read_number(cell) == read_number(cell) for cell in cells) * 2 > len(cells)
