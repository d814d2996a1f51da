"""A reader who does what a page says: saves its files, runs its programs and commands, and looks at what they print."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import runpy
import shlex
import sys
from pathlib import Path

from typer.testing import CliRunner

from langchain_awo.cli import app
from tests.docs.pages import Block, blocks_of

SKIPPED = ("make ", "python3 -m venv ", "pip ", "git ", "export ", "cd ", "AWO_RECORDINGS=", ". ")
"""Commands about the reader's machine; other tests look at those of them that are about this repository."""

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Reader:
    """Reads pages in the current folder, with the names that a page takes for granted."""

    def __init__(self, **names: object) -> None:
        self.names = dict(names)
        self.printed = ""

    def read(self, page: str) -> None:
        for block in blocks_of(page):
            if not block.note.startswith("not run"):
                self._do(block, page)

    def _do(self, block: Block, page: str) -> None:
        match block.language:
            case "python" if saved := re.match(r"# (\S+\.py)\n", block.text):
                _save(saved[1], block.text)
            case "python":
                self._program(block, page)
            case "console":
                self._commands(block, page)
            case "text" if block.after in {"python", "console"}:
                self.compare(block, page)

    def compare(self, block: Block, page: str) -> None:
        """Holds what the page shows against what was printed."""
        _compare(block.text, self.printed, f"{page}:{block.line}")

    def compare_below(self, block: Block, page: str, expected: str) -> None:
        """Holds what the page shows below a command, in the same block, against what was printed."""
        _compare(expected, self.printed, f"{page}:{block.line}")

    def _program(self, block: Block, page: str) -> None:
        code = compile("\n" * (block.line - 1) + block.text, page, "exec")
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(code, self.names)  # noqa: S102  # the point of the test
        self.printed = out.getvalue()

    def _commands(self, block: Block, page: str) -> None:
        for command, expected in _sessions(block.text):
            if command.startswith(SKIPPED):
                continue
            self.printed = _run(command, code=1 if block.note == "exits with 1" else 0)
            if expected:
                self.compare_below(block, page, expected)


def _save(name: str, text: str) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _sessions(text: str) -> list[tuple[str, str]]:
    """Each command with what the page says it prints."""
    return [
        (command.replace("\\\n", " "), expected)
        for command, expected in re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE)
    ]


def _run(command: str, *, code: int) -> str:
    words = shlex.split(command, comments=True)
    target = words.pop() if words[-2:-1] == [">"] else ""
    program, *arguments = words[:-1] if target else words
    if program == "awo":
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == code, f"{command}: {done.exit_code}\n{done.output}\n{done.exception!r}"
        printed = done.stdout
    else:
        assert program == "python", f"{command}: what is that?"
        printed = _python(arguments[0])
    if target:
        Path(target).write_text(printed, encoding="utf-8")
    return printed


def _python(script: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        runpy.run_path(script, run_name="__main__")
    return out.getvalue()


def _compare(expected: str, got: str, where: str) -> None:
    if not is_shown(expected, got):
        raise AssertionError(f"{where} says\n{expected}\nbut it is\n{got}")


def is_shown(expected: str, got: str) -> bool:
    """Whether a page shows what was printed; `...` stands for anything, blanks are alike."""
    stripped = "".join(f"{line.rstrip()}\n" for line in got.splitlines())
    return doctest.OutputChecker().check_output(expected, stripped, FLAGS)


@contextlib.contextmanager
def folder_on_path(folder: Path):
    """Programs in a folder, and what they import from it, anew each time."""
    known = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - known:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(f"{folder}/"):
                del sys.modules[name]
