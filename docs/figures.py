"""Writes the figures page: `python -m docs.figures`, or `python -m docs.figures three` for the sections whose titles have that word.

Every figure that changes with the optimizer stands there, with the command that prints it. Other pages link to it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "figures.md"
MACHINE: Final = "Linux, two cores"

INTRODUCTION: Final = """\
# Figures

Savings change a little whenever the optimizer does, so they stand on this one page, with the commands that print
them. No command needs an API key: a scripted model stands in for an LLM, and everything else is real.
`python -m docs.figures` writes the page again.
"""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A section of the page.

    Attributes:
        commands: run one after the other, in a folder of their own.
        about: what a reader should know.
        held_by: the test that prints the same and compares it; empty if the section has a date instead.
    """

    title: str
    commands: tuple[str, ...]
    about: str
    held_by: str = ""


FIGURES: Final = (
    Figure(
        title="The demo, and what it saves on held-out tasks",
        commands=("awo demo", "awo evaluate traces.db"),
        about="[Metrics](metrics.md) defines the columns. The row of seconds is left out here: it depends on the machine. Half a\n"
        "minute of CPU.",
    ),
    Figure(
        title="Ways to install",
        commands=("python benchmarks/install_modes.py",),
        about="The toolkit of the demo in each [mode](guides/install.md), over the same unseen tasks, on equal copies of "
        "the database.\nHalf a minute of CPU.",
    ),
    Figure(
        title="Three agents, before and after",
        commands=("python examples/three_agents/run.py --tasks=45",),
        about="[What the agents do, and how to read the table](../examples/three_agents/README.md). Ten seconds of CPU.",
        held_by="tests/test_examples.py",
    ),
    Figure(
        title="The app world",
        commands=("python examples/app_world/run.py --tasks=36 --no-comparison",),
        about="[The world, and what came out with more tasks](worlds.md). Ten seconds of CPU.",
        held_by="tests/test_examples.py",
    ),
)


def main(words: Sequence[str]) -> None:
    """Writes the sections that were asked for, and leaves the others as they are."""
    before = shown_sections()
    sections = []
    for figure in FIGURES:
        if figure.title in before and not _is_asked(figure, words):
            sections.append(before[figure.title])
            continue
        print(f"{figure.title}: {'; '.join(figure.commands)}", file=sys.stderr, flush=True)
        sections.append(_section(figure))
    PAGE.write_text("\n".join([INTRODUCTION, *sections]), encoding="utf-8")


def shown_sections() -> dict[str, str]:
    """The sections of the page as it is, by title."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    return {part.partition("\n")[0]: f"## {part.rstrip()}\n" for part in text.split("\n## ")[1:]}


def shown_output(title: str) -> str:
    """What the page shows below the last command of a section."""
    return re.findall(r"```text\n(.*?)```", shown_sections()[title], re.DOTALL)[-1]


def _is_asked(figure: Figure, words: Sequence[str]) -> bool:
    return not words or any(word.casefold() in figure.title.casefold() for word in words)


def _section(figure: Figure) -> str:
    return "\n".join([f"## {figure.title}", "", figure.about, *_blocks(figure)]) + "\n"


def _blocks(figure: Figure) -> Iterator[str]:
    today = datetime.now(UTC).date()
    note = f"<!-- {f'held by {figure.held_by}' if figure.held_by else f'measured {today}, {MACHINE}'} -->"
    with tempfile.TemporaryDirectory() as folder:
        for command in figure.commands:
            yield f"\n```console\n$ {command}\n```\n\n{note}\n```text\n{_run(command, Path(folder))}\n```"


def _run(command: str, folder: Path) -> str:
    """What a command prints, without what depends on the machine or is said to a person in front of it."""
    program, *arguments = shlex.split(command)
    start = ["-m", "langchain_awo"] if program == "awo" else [str(ROOT / arguments.pop(0))]
    done = subprocess.run(  # noqa: S603  # our own programs
        [sys.executable, *start, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "LANGSMITH_TRACING": "false", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    printed = done.stdout.partition("\nWhat to try next")[0]
    lines = (line.rstrip() for line in printed.rstrip().splitlines())
    return "\n".join(line for line in lines if not line.startswith("seconds "))


if __name__ == "__main__":
    main(sys.argv[1:])
