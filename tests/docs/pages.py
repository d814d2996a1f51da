"""Pages of the documentation as their code blocks, in the order in which a reader comes to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt

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
            comment = (
                before and before.type == "html_block" and re.fullmatch(r"<!-- (.*) -->\s*", before.content)
            )
            blocks.append(
                Block(
                    language=token.info.split(" ")[0],
                    text=token.content,
                    line=token.map[0] + 2,
                    note=comment[1] if comment else "",
                    after=before.info if before and before.type == "fence" else "",
                )
            )
    return blocks
