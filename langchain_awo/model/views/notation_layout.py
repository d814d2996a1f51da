"""The notation laid out for a width: comments that do not fit stand below their line, long calls go on indented."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.views.notation import format_meta_tool

INDENT: Final = 5
"""Where the call of a step begins."""


def lay_out(meta_tool: MetaTool, width: int) -> str:
    """A meta-tool in notation, no line longer than `width` unless a word is; steps that may write are marked with `!`."""
    head, *steps = format_meta_tool(meta_tool).splitlines()
    marks = [" " if step.effect.is_read else "!" for step in meta_tool.steps]
    lines = [f"{mark}{line[1:]}" for mark, line in zip(marks, steps, strict=True)]
    return "\n".join(part for line in (head, *lines) for part in fit_line(line, width))


def fit_line(line: str, width: int) -> Iterator[str]:
    """A line of the notation as lines no longer than `width` unless a word is; its comment goes below it."""
    if len(line) <= width:
        yield line
        return
    code, _, comment = line.partition(" # ")
    yield from _wrap_text(code.rstrip(), width, indent=INDENT + 4 if line.startswith((" ", "!")) else 2)
    if comment:
        yield from _wrap_text(f"{' ' * INDENT}# {comment}", width, indent=INDENT + 2)


def _wrap_text(text: str, width: int, *, indent: int) -> list[str]:
    margin = len(text) - len(text.lstrip())
    return textwrap.wrap(
        text.lstrip(),
        width,
        initial_indent=" " * margin,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
