"""Pages of the documentation as their code blocks, in the order in which a reader comes to them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    str(page.relative_to(ROOT))
    for page in (*ROOT.glob("*.md"), *ROOT.glob("examples/**/*.md"), *ROOT.glob("docs/**/*.md"))
)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block.

    Attributes:
        line: of its first line of content, counted from 1.
        note: the HTML comment that stands right before it, which GitHub and the site do not show.
        after: language of the block that it follows with nothing in between.
    """

    language: str
    text: str
    line: int
    note: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table, without its heading.

    Attributes:
        line: of its heading, counted from 1.
        note: as of a block.
        rows: their cells, as they are written.
    """

    line: int
    note: str
    rows: list[list[str]]


def links_of(page: str) -> list[str]:
    """Targets of links and images, as they are written."""
    links = []
    for token in MarkdownIt("commonmark").enable("table").parse(text_of(page)):
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            links += [str(target)] if target else []
    return links


def anchors_of(page: Path) -> set[str]:
    """What GitHub, and the site after it, makes of the headings."""
    tokens = MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8"))
    titles = [
        "".join(child.content for child in inline.children or ())
        for opening, inline in pairwise(tokens)
        if opening.type == "heading_open"
    ]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks_of(page: str) -> list[Block]:
    tokens = MarkdownIt("commonmark").parse(text_of(page))
    blocks = []
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "fence":
            blocks.append(
                Block(
                    language=token.info.split(" ")[0],
                    text=token.content,
                    line=token.map[0] + 2,
                    note=_note(before),
                    after=before.info if before and before.type == "fence" else "",
                )
            )
    return blocks


def tables_of(page: str) -> list[Table]:
    tokens = MarkdownIt("commonmark").enable("table").parse(text_of(page))
    tables = []
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "table_open":
            tables.append(Table(line=token.map[0] + 1, note=_note(before), rows=[]))
        elif token.type == "tr_open":
            tables[-1].rows.append([])
        elif token.type == "inline" and before.type in {"td_open", "th_open"}:
            tables[-1].rows[-1].append(token.content)
    return [replace(table, rows=table.rows[1:]) for table in tables]


def stray_rows_of(page: str) -> list[int]:
    """Numbers of the lines that look like rows and are in no table, and of those in a table that do not."""
    rows, code = set[int](), set[int]()
    for token in MarkdownIt("commonmark").enable("table").parse(text_of(page)):
        if token.type in {"table_open", "fence", "html_block"} and token.map:
            (rows if token.type == "table_open" else code).update(range(*token.map))
    lines = dict(enumerate(text_of(page).splitlines()))
    looks = {number for number, line in lines.items() if line.lstrip().startswith("|")} - code
    return sorted(number + 1 for number in looks ^ rows if lines[number].strip())


def _note(before: Token | None) -> str:
    """What an HTML comment right before something says."""
    if before is None or before.type != "html_block":
        return ""
    comment = re.fullmatch(r"<!-- (.*) -->\s*", before.content)
    return comment[1] if comment else ""
