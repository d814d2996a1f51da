"""Takes out one defence of docs/safety.md after the other, and runs the tests that should notice: `python -m tests.faults.defences`.

First the tests run with every defence in its place, where each has to pass: one that fails anyway notices nothing.
`defences.txt` says what is a defence, in which function, what stands there without it, and by which tests it is noticed; words on the
command line choose the cases whose heads hold one of them. Works on a copy; takes about five seconds a case.
"""

from __future__ import annotations

import ast
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final, NoReturn

import pytest
from hypothesis import Phase, settings

ROOT: Final = Path(__file__).parents[2]
CASES: Final = Path(__file__).parent / "defences.txt"
PACKAGE: Final = "langchain_awo"
OPTIONS: Final = (
    "-q",
    "-n",
    "0",
    "-p",
    "no:cacheprovider",
    "-rfE",
    "--tb=no",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)
LIMIT: Final = 400
"""Seconds that each test is given: one that waits for ever without its defence has to say so itself."""
SLOW_IMPORTS: Final = (
    "langchain.agents.middleware",
    "langgraph.checkpoint.sqlite",
    "sqlalchemy",
    "scipy.stats",
    "typer.testing",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Code of a defence, and what stands there without it.

    Attributes:
        function: whose code it is, such as `Journal.recall`; empty outside of functions.
    """

    file: str
    function: str
    old: str
    new: str

    @property
    def is_stale(self) -> bool:
        """Whether the code is not there only once, or is that of another function."""
        text = (ROOT / PACKAGE / self.file).read_text(encoding="utf-8")
        return text.count(self.old) != 1 or self.function != self._find_function(text)

    def _find_function(self, text: str) -> str:
        if not self.file.endswith(".py"):
            return ""
        first = text[: text.index(self.old)].count("\n") + 1
        return find_function(ast.parse(text), first)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One defence.

    Attributes:
        threat: what happens without it.
        tests: as docs/safety.md names them.
    """

    threat: str
    changes: tuple[Change, ...]
    tests: tuple[str, ...]


def find_function(tree: ast.AST, line: int) -> str:
    """The qualified name of the innermost function or class around a line; empty outside of them."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            start = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            if start <= line <= (node.end_lineno or start):
                inner = find_function(node, line)
                return f"{node.name}.{inner}" if inner else node.name
    return ""


class NotRunError(Exception):
    """Tests were cut off, and what they would have said is not known."""


def read_cases(text: str) -> list[Case]:
    """The cases of a text."""
    blocks = text.split("\n== ")[1:]
    return [_case(*block.partition("\n")[::2]) for block in blocks]


def _case(threat: str, body: str) -> Case:
    parts = body.split("\nin ") if not body.startswith("in ") else f"\n{body}".split("\nin ")
    changes = tuple(_change(part) for part in parts[1:])
    return Case(threat=threat, changes=changes, tests=tuple(_marked(body, "by ")))


def _change(part: str) -> Change:
    place, _, rest = part.partition("\n")
    file, _, function = place.partition(" ")
    return Change(
        file=file, function=function, old="\n".join(_marked(rest, "- ")), new="\n".join(_marked(rest, "+ "))
    )


def _marked(text: str, mark: str) -> Iterator[str]:
    """The lines behind a mark; an empty one has no blank behind it."""
    return (line[len(mark) :] for line in text.splitlines() if f"{line} ".startswith(mark))


@cache
def test_file(name: str) -> Path:
    """The file of a test, from the short name that the docs use."""
    (found,) = (ROOT / "tests").rglob(f"test_{name}.py")
    return found.relative_to(ROOT)


def what_is_wrong(case: Case, folder: Path) -> list[str]:
    """Why a case shows nothing; empty if every test noticed that the defence was out."""
    if any(change.is_stale for change in case.changes):
        return ["stale: the code is another"]
    try:
        return unnoticed(case, folder)
    except NotRunError as error:
        return [str(error)]


def unnoticed(case: Case, folder: Path) -> list[str]:
    """The tests that still pass without the defence, in a copy of the project."""
    paths = [folder / PACKAGE / change.file for change in case.changes]
    whole = {path: path.read_text(encoding="utf-8") for path in paths}
    for path, change in zip(paths, case.changes, strict=True):
        path.write_text(path.read_text(encoding="utf-8").replace(change.old, change.new), encoding="utf-8")
    try:
        failed = failing(case.tests, folder)
    finally:
        for path, text in whole.items():
            path.write_text(text, encoding="utf-8")
    return [test for test in case.tests if test not in failed]


def failing(tests: Sequence[str], folder: Path) -> set[str]:
    """Those of some tests that fail in a copy of the project, with any of their parameters.

    They run in a child of this process, which has imported what takes long already, and nothing of the package.
    """
    known = {
        f"{test_file(name)}::{function}": test
        for test in tests
        for name, _, function in [test.partition("::")]
    }
    said = folder / "said.txt"
    if not (child := os.fork()):
        _run_pytest([*OPTIONS, *known], folder, said)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    told = said.read_text(encoding="utf-8")
    if status not in (0, 1):
        raise NotRunError(f"not run to the end ({status}): {told[-500:]}")
    found = [line.split()[1] for line in told.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return {known[each.partition("[")[0]] for each in found}


def _run_pytest(arguments: Sequence[str], folder: Path, said: Path) -> NoReturn:
    status = 4
    signal.alarm(LIMIT * (len(arguments) - len(OPTIONS)))
    settings.register_profile("first failure", phases=[Phase.explicit, Phase.generate])
    settings.load_profile("first failure")  # a smaller example of the failure is of no use here
    try:
        out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.chdir(folder)
        os.environ |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "400"}
        sys.dont_write_bytecode = True
        sys.path[:] = [str(folder), *(place for place in sys.path if Path(place or ".").resolve() != ROOT)]
        for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
            del sys.modules[name]
        status = int(pytest.main(list(arguments)))
    except BaseException:  # noqa: BLE001  # this process ends here, whatever happened
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> int:
    """Tries all cases, or those that are asked for; 1 if a test did not notice."""
    cases = read_cases(CASES.read_text(encoding="utf-8"))
    asked = [case for case in cases if not sys.argv[1:] or any(word in case.threat for word in sys.argv[1:])]
    missed = 0
    for name in SLOW_IMPORTS:
        import_module(name)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for part in (PACKAGE, "tests", "docs", "examples", "pyproject.toml", "README.md", "CHANGELOG.md"):
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, folder / part)
        if failing_anyway := failing(sorted({test for case in asked for test in case.tests}), folder):
            sys.exit(f"these fail with every defence in its place: {', '.join(sorted(failing_anyway))}")
        for case in asked:
            found = what_is_wrong(case, folder)
            missed += bool(found)
            sys.stdout.write(
                f"{'MISSED' if found else 'noticed':8} {case.threat}{': ' if found else ''}{', '.join(found)}\n"
            )
            sys.stdout.flush()
    sys.stdout.write(
        f"{len(asked)} defences taken out, {len(asked) - missed} noticed by every test named for them\n"
    )
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
