"""Does what a page says and writes what it printed back into the page.

    python -m tests.docs.refresh docs/how-it-works.md

Only the `text` blocks that directly follow a program or a command are replaced. Everything runs in an empty folder.
"""

from __future__ import annotations

import os
import sys
import tempfile

from tests.docs.pages import ROOT, Block
from tests.docs.reader import Reader


class Recorder(Reader):
    """A reader who notes what is printed instead of comparing it."""

    def __init__(self) -> None:
        super().__init__()
        self.outputs: list[tuple[Block, str]] = []

    def compare(self, block: Block, page: str) -> None:
        """Notes what the page should show."""
        self.outputs.append((block, self.printed))


def refresh(page: str) -> None:
    """Rewrites the outputs of a page, from the last to the first so that line numbers stay true."""
    reader = Recorder()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        reader.read(page)
    lines = (ROOT / page).read_text(encoding="utf-8").split("\n")
    for block, printed in reversed(reader.outputs):
        start = block.line - 1
        lines[start : start + block.text.count("\n")] = [
            line.rstrip() for line in printed.rstrip("\n").split("\n")
        ]
    (ROOT / page).write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    refresh(sys.argv[1])
