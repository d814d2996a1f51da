"""Results to stdout, everything else to stderr; progress only where somebody watches."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from langchain_awo.model.secrets import hide_secrets
from langchain_awo.model.text.visible import make_visible as plain
from langchain_awo.model.text.visible import make_visible_line

GAPS: Final = (3, 2)
"""Blanks between two columns of a table, and where space is short."""


class Tell(Protocol):
    """Takes the name of a phase, how much of it is done, and how much there is."""

    def __call__(self, phase: str, done: int, total: int, /) -> None:
        """Show where the work is."""


def say(text: str, *, style: str = "") -> None:
    """One message to stderr, unwrapped so that it can be searched for, without passwords of URLs and other secrets."""
    Console(stderr=True).print(Text(plain(hide_secrets(text)), style=style), soft_wrap=True)


def put(text: str, *, style: str = "") -> None:
    """Text to stdout, as it is."""
    Console().print(Text(plain(text), style=style), soft_wrap=True)


def measure_width() -> int | None:
    """Columns of the terminal in which somebody reads the output; `None` where a program may."""
    console = Console()
    return console.width if console.is_terminal or os.environ.get("COLUMNS") else None


def measure_terminal() -> int | None:
    """Columns of the terminal, if the output goes to one."""
    console = Console()
    return console.width if console.is_terminal else None


def put_wrapped(text: str) -> None:
    """Text to stdout; where somebody reads it in a terminal, lines are wrapped at spaces and go on indented by four more."""
    console = Console()
    if measure_width() is None:
        put(text)
        return
    for line in plain(text).splitlines():
        indent = " " * (len(line) - len(line.lstrip()))
        wrapped = textwrap.wrap(
            line.strip(),
            console.width,
            initial_indent=indent,
            subsequent_indent=indent if len(indent) > 2 else f"{indent}    ",  # noqa: PLR2004  # a reason, or a step
            break_long_words=False,
            break_on_hyphens=False,
        )
        console.print(Text("\n".join(wrapped)), soft_wrap=True)


def put_json(data: Any) -> None:
    """Nothing but JSON to stdout; what a terminal would act on is escaped."""
    text = json.dumps(data, indent=2, ensure_ascii=False)
    if not text.replace("\n", "").isprintable():
        text = "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
    sys.stdout.write(f"{text}\n")


def put_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table that fits the terminal without splitting a word; the first column holds names, the others figures.

    Where even that is too wide, each row is a block of lines instead.
    """
    console = Console()
    cells = [[make_visible_line(cell) for cell in row] for row in rows]
    gap, widths = _fit(list(zip(columns, *cells, strict=True)), console.width)
    console.print(Text(plain(title), style="bold"))
    if widths:
        console.print(_build_table(columns, cells, widths, gap))
    else:
        console.print(Text("\n".join(_format_blocks(columns, cells))), soft_wrap=True)
    console.print()


def _fit(columns: Sequence[Sequence[str]], width: int) -> tuple[int, list[int]]:
    """The gap between columns and how wide each is; no widths where words would have to be split."""
    least = [max(map(_measure_longest_word, column)) for column in columns]
    widths = [max(map(cell_len, column)) for column in columns]
    gap = next((gap for gap in GAPS if sum(least) + gap * (len(least) - 1) <= width), None)
    if gap is None:
        return 0, []
    while sum(widths) + gap * (len(widths) - 1) > width:
        slack = [have - need for have, need in zip(widths, least, strict=True)]
        widths[slack.index(max(slack))] -= 1
    return gap, widths


def _build_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], gap: int
) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, gap - 2))
    for position, (column, width) in enumerate(zip(columns, widths, strict=True)):
        table.add_column(Text(column), justify="right" if position else "left", width=width)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _format_blocks(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for name, *figures in rows:
        yield name or columns[0]
        yield from (
            f"  {column}: {figure}" for column, figure in zip(columns[1:], figures, strict=True) if figure
        )


def _measure_longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def format_percent(share: float) -> str:
    """A share as people read it."""
    return f"{share:.1%}"


def format_count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun.

    >>> format_count(1, "trace"), format_count(2, "trace"), format_count(1200, "entry", "entries")
    ('1 trace', '2 traces', '1,200 entries')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Says on stderr what takes its time, while it does; nothing when stderr is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(Text(plain(hide_secrets(what)))):
        yield


@contextmanager
def progress(labels: Mapping[str, str]) -> Iterator[Tell]:
    """Bars on stderr while the work goes on, one for each phase; nothing when stderr is no terminal.

    Args:
        labels: what to call the phases.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _phase, _done, _total: None
        return
    columns = [TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(phase: str, done: int, total: int, /) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(hide_secrets(labels.get(phase, phase)), total=total)
            bars.update(tasks[phase], completed=done, total=total)

        yield tell
