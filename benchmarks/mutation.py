"""Whether tests notice when the optimizer or the runtime is changed a little: a sample of mutations, the same every time.

    make mutate
    make mutate PARTS=optimizer/mining/align.py EACH=40

The tests run once with coverage, which tells the lines that each of them runs. Then, for each module, the mutants with the smallest
digests are tried: a process with the changed module runs the tests that run the changed line, the quickest first, until one fails.
Mutants are those of mutmut, without changes of texts that a person reads. The outcome, with each change that no test noticed, is
written to `benchmarks/mutation.txt`; some of those change nothing that anybody could see.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

import libcst as cst
import pytest
from coverage import CoverageData
from mutmut.mutation.file_mutation import Mutation, create_mutations, deep_replace

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = ROOT / "langchain_awo"
PARTS: Final = ("optimizer", "runtime", "model/stepping")
TESTS: Final = ("tests/optimizer", "tests/runtime", "tests/model", "tests/proof", "tests/wrong")
WORK: Final = ROOT / "mutants"
MAP, TIMES = WORK / "lines.coverage", WORK / "seconds.json"
OUTCOME: Final = ROOT / "benchmarks" / "mutation.txt"

BUDGET: Final = 25.0
"""Seconds of tests for each mutant; slower ones are left out."""

LIMIT: Final = 600
"""Seconds after which a mutant counts as noticed: its tests do not end."""

PRELOADED: Final = (
    "langchain.agents",
    "langgraph.prebuilt",
    "hypothesis",
    "scipy.stats",
    "networkx",
    "sqlalchemy",
)
"""What takes long to import and is not ours, imported once for all mutants."""


QUIET: Final = ("-x", "-n0", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
"""Options of pytest; what is preloaded cannot be rewritten, and need not be."""


@dataclass(frozen=True)
class Mutant:
    """One small change of a module.

    Attributes:
        tree: the module as it is.
    """

    path: Path
    tree: cst.Module
    change: Mutation

    @cached_property
    def code(self) -> str:
        """The source with the change."""
        return deep_replace(self.tree, self.change.original_node, self.change.mutated_node).code

    @cached_property
    def line(self) -> int:
        """The first line that differs."""
        pairs = zip(self.tree.code.splitlines(), self.code.splitlines(), strict=False)
        return next((number for number, (old, new) in enumerate(pairs, start=1) if old != new), 1)

    def __str__(self) -> str:
        old, new = (_in_a_line(node) for node in (self.change.original_node, self.change.mutated_node))
        return f"{self.path.relative_to(ROOT)}:{self.line}: {old} -> {new}"


def _in_a_line(node: cst.CSTNode) -> str:
    return " ".join(cst.Module(body=()).code_for_node(node).split())


def mutants_of(path: Path, lines: set[int], size: int) -> list[Mutant]:
    """The mutants of the lines of a file whose digests are smallest."""
    tree, found, _, _ = create_mutations(str(path), path.read_text(), covered_lines=lines)
    numbers: Counter[str] = Counter()
    by_digest = {}
    for each in found:
        function = each.contained_by_top_level_function
        if not isinstance(function, cst.FunctionDef) or _is_wording(each):
            continue
        numbers[function.name.value] += 1
        name = f"{path.relative_to(ROOT)} {function.name.value} {numbers[function.name.value]}"
        by_digest[hashlib.sha256(name.encode()).hexdigest()] = each
    return [Mutant(path, tree, by_digest[digest]) for digest in sorted(by_digest)[:size]]


def _is_wording(change: Mutation) -> bool:
    """Whether a text for people is changed: no test should hold its every word."""
    return isinstance(change.original_node, cst.SimpleString) and " " in change.original_node.value


class Seconds:
    """Notes how long each test takes, as a plugin of pytest."""

    def __init__(self) -> None:
        self.by_test: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Adds what a phase of a test took."""
        self.by_test[report.nodeid] += report.duration


def map_tests(children: int) -> None:
    """Runs the tests with coverage: which of them run which line, and how long they take."""
    WORK.mkdir(exist_ok=True)
    os.environ["COVERAGE_FILE"] = str(MAP)
    seconds = Seconds()
    options = [f"-n{children}", "--dist=loadfile", "--durations=0", "-m", "not recordings"]
    measured = ["--cov=langchain_awo", "--cov-context=test", "--cov-report="]
    code = pytest.main([*options, *measured, *TESTS], plugins=[seconds])
    TIMES.write_text(json.dumps(seconds.by_test))
    if code:
        raise SystemExit("the tests fail without any change")


class Covering:
    """The tests that run a line, the quickest first."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = json.loads(TIMES.read_text())
        self._by_file: defaultdict[str, list[str]] = defaultdict(list)
        for test in self._seconds:
            self._by_file[test.partition("::")[0]].append(test)
        self._data = CoverageData(str(MAP))
        self._data.read()
        self._cached: dict[Path, Mapping[int, list[str]]] = {}

    def lines(self, path: Path) -> set[int]:
        """Those that any test runs."""
        return {line for line, contexts in self._contexts(path).items() if any(contexts)}

    def tests(self, mutant: Mutant) -> list[str]:
        """As many as the budget allows; what a test sets up may serve every test of its file."""
        found: set[str] = set()
        for context in self._contexts(mutant.path).get(mutant.line, ()):
            test, _, phase = context.rpartition("|")
            found |= {test} if phase == "run" else set(self._by_file[test.partition("::")[0]])
        chosen, total = [], 0.0
        for test in sorted(found & self._seconds.keys(), key=lambda each: (self._seconds[each], each)):
            total += self._seconds[test]
            if total > BUDGET and chosen:
                break
            chosen.append(test)
        return chosen

    def _contexts(self, path: Path) -> Mapping[int, list[str]]:
        if path not in self._cached:
            self._cached[path] = self._data.contexts_by_lineno(str(path))
        return self._cached[path]


class Changed(importlib.abc.MetaPathFinder, importlib.machinery.SourceFileLoader):
    """Imports one module from other source."""

    def __init__(self, mutant: Mutant) -> None:
        self.module = ".".join(mutant.path.relative_to(ROOT).with_suffix("").parts)
        super().__init__(self.module, str(mutant.path))
        self._mutant = mutant

    def find_spec(
        self,
        name: str,
        path: object = None,  # noqa: ARG002  # as the protocol has it
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        """The module that is changed; all others are found as ever."""
        if name != self.module:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002
        """The changed source, compiled; nothing of it is cached."""
        return compile(self._mutant.code, self.path, "exec", dont_inherit=True)


class Only:
    """Keeps some tests, in an order, as a plugin of pytest."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._order = {test: number for number, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leaves those tests alone, in their order."""
        kept = [each for each in items if each.nodeid in self._order]
        items[:] = sorted(kept, key=lambda each: self._order[each.nodeid])


def start(mutant: Mutant, tests: Sequence[str]) -> int:
    """Runs tests over a mutant in a process of its own; returns its id."""
    if pid := os.fork():
        return pid
    code = 1
    try:
        signal.alarm(LIMIT)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        sys.meta_path.insert(0, Changed(mutant))
        files = sorted({test.partition("::")[0] for test in tests})
        code = pytest.main([*QUIET, *files], plugins=[Only(tests)])
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(code)


def check_unchanged(mutant: Mutant, covering: Covering) -> None:
    """Ends if tests fail in such a process although nothing is changed: then they would notice whatever is."""
    node = mutant.change.original_node
    same = Mutant(mutant.path, mutant.tree, Mutation(node, node, None))
    _, status = os.waitpid(start(same, covering.tests(mutant)), 0)
    if status:
        raise SystemExit(f"the tests of {mutant.path} fail without any change")


def try_all(mutants: Iterable[Mutant], covering: Covering, children: int) -> Iterator[tuple[Mutant, bool]]:
    """Each mutant, and whether a test noticed it."""
    running: dict[int, Mutant] = {}

    def end() -> tuple[Mutant, bool]:
        pid, status = os.wait()
        return running.pop(pid), status != 0

    for mutant in mutants:
        if len(running) == children:
            yield end()
        running[start(mutant, covering.tests(mutant))] = mutant
    while running:
        yield end()


def main() -> None:
    """Makes the mutants, tries a sample, and writes the outcome."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "parts", nargs="*", default=PARTS, help="folders or files of the package; all if none is given"
    )
    parser.add_argument("--each", type=int, default=1, help="how many mutants of each module")
    parser.add_argument("--children", type=int, default=2, help="how many at once")
    parser.add_argument("--mapped", action="store_true", help="take the lines that tests ran the last time")
    options = parser.parse_args()
    started = time.monotonic()
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(WORK / "hypothesis")
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    if not options.mapped:
        mapping = f"from benchmarks.mutation import map_tests; map_tests({options.children})"
        subprocess.run([sys.executable, "-c", mapping], check=True)  # noqa: S603
    for name in PRELOADED:
        importlib.import_module(name)
    covering = Covering()
    paths = sorted({file for part in options.parts for file in _files(PACKAGE / part)})
    # made one module after the other, while those before are tried
    mutants = (mutant for path in paths for mutant in mutants_of(path, covering.lines(path), options.each))
    first = next(mutants)
    check_unchanged(first, covering)
    tried, survived = 0, []
    for tried, (mutant, noticed) in enumerate(
        try_all(chain([first], mutants), covering, options.children), start=1
    ):
        survived += [] if noticed else [mutant]
        print(f"{tried} {'noticed ' if noticed else 'SURVIVED'} {mutant}", flush=True)
    text = report(survived, tried, seconds=time.monotonic() - started)
    if tuple(options.parts) == PARTS:
        OUTCOME.write_text(text, encoding="utf-8")
    print(text)


def _files(part: Path) -> list[Path]:
    return sorted(part.rglob("*.py")) if part.is_dir() else [part]


def report(survived: Sequence[Mutant], tried: int, *, seconds: float) -> str:
    """The score, and what survived."""
    noticed, today = tried - len(survived), dt.datetime.now(tz=dt.UTC).date()
    score = f"{noticed} of {tried} mutants are noticed, {noticed / max(1, tried):.0%}, in {seconds / 60:.0f} minutes"
    lines = [f"{today}: {score}", "survived:", *(f"  {each}" for each in sorted(map(str, survived)))]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
