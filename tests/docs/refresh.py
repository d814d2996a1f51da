"""Does what a page says and writes what it printed back into the page.

    python -m tests.docs.refresh docs/how-it-works.md

The `text` blocks that directly follow a program or a command are replaced, and what stands below a command in its own
block, where they do not show what is printed. Everything runs in a folder of its own, as in
`test_pages_run`: that of the tutorial, unless the page makes one itself.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path

from tests.docs.pages import ROOT, Block
from tests.docs.reader import Reader, folder_on_path, is_shown
from tests.docs.test_pages_run import FIRST_HOUR, TUTORIAL, names_of_the_shop, write_a_recording


class Recorder(Reader):
    """A reader who notes what is printed instead of comparing it."""

    def __init__(self, **names: object) -> None:
        super().__init__(**names)
        self.outputs: list[tuple[Block, str, str]] = []

    def compare(self, block: Block, page: str) -> None:
        """Notes what the page should show."""
        self._note(block, block.text)

    def compare_below(self, block: Block, page: str, expected: str) -> None:
        """The same of what stands below a command."""
        self._note(block, expected)

    def _note(self, block: Block, shown: str) -> None:
        if not is_shown(shown, self.printed):
            self.outputs.append((block, shown, self.printed))


def refresh(page: str) -> None:
    """Rewrites the outputs of a page, from the last to the first so that line numbers stay true."""
    os.environ["COLUMNS"] = "100"
    reader = Recorder()
    with tempfile.TemporaryDirectory() as folder, folder_on_path(Path(folder)):
        os.chdir(folder)
        if page not in {TUTORIAL, FIRST_HOUR}:
            Recorder().read(TUTORIAL)
            write_a_recording()
            reader = Recorder(**names_of_the_shop(importlib.import_module("shop.agent")))
        reader.read(page)
    lines = (ROOT / page).read_text(encoding="utf-8").split("\n")
    for block, shown, printed in reversed(reader.outputs):
        start = block.line - 1 + block.text[: block.text.index(shown)].count("\n")
        lines[start : start + shown.count("\n")] = [
            line.rstrip() for line in printed.rstrip("\n").split("\n")
        ]
    (ROOT / page).write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    refresh(sys.argv[1])
