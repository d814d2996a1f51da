"""The outputs that pages show, and what holds each of them: a test that makes it again, or a note of where it comes from.

    python -m tests.docs.outputs

lists those that nothing holds, and tables of figures as well. A note is an HTML comment right before the block or the table:
`measured DATE, MACHINE` for what takes too long for every run of the tests, `held by TEST` for what a test compares,
`demo output` for what the test of the demo holds, `no output: WHAT` for text and `no figures: WHAT` for numbers that are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.docs.pages import PAGES, Block, Table, blocks_of, tables_of
from tests.docs.test_pages_run import FIRST_HOUR, RUN, TUTORIAL

NOTED = re.compile(
    r"(not run: .*; )?measured \d{4}-\d\d-\d\d, \S.*|held by (?P<test>tests/\S+\.py)|demo output|evaluation table"
    r"|no output: \S.*|no figures: \S.*"
)

FIGURE = re.compile(r"[*+~-]*\d[\d.,]*")

MOSTLY = 0.4
"""From this share of its cells on, a table is one of figures."""


def unheld_outputs() -> Iterator[str]:
    """Page and line of each output that no test makes again and no note explains."""
    for page in PAGES:
        is_read = page in {*RUN, TUTORIAL, FIRST_HOUR}
        for block in blocks_of(page):
            if (
                shows_output(block)
                and not NOTED.fullmatch(block.note)
                and not (is_read and is_compared(block))
            ):
                yield f"{page}:{block.line}"
        yield from (
            f"{page}:{table.line}"
            for table in tables_of(page)
            if has_figures(table) and not NOTED.fullmatch(table.note)
        )


def has_figures(table: Table) -> bool:
    """Whether most of what a table says beside its first column is numbers."""
    cells = [cell for _, *rest in table.rows for cell in rest]
    return sum(bool(FIGURE.match(cell)) for cell in cells) > MOSTLY * len(cells)


def shows_output(block: Block) -> bool:
    """Whether a block is text, or a command with what it prints below."""
    if block.language in {"text", ""}:
        return True
    lines = block.text.replace("\\\n", " ").splitlines()
    return block.language == "console" and any(line and not line.startswith("$ ") for line in lines)


def is_compared(block: Block) -> bool:
    """Whether a reader who does what the page says compares it with what is printed."""
    if block.note.startswith("not run"):
        return False
    return block.language == "console" or block.after in {"python", "console"}


if __name__ == "__main__":
    for place in unheld_outputs():
        print(place)  # noqa: T201  # the point of the command
