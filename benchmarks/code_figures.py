"""How hard the code is to enter, in eight figures.

    python benchmarks/code_figures.py [CHECKOUT]

All but the second and the third come from the source alone. These run `awo demo --tasks 40`: the second counts the modules of which
any function ran, from recording and compiling to running with meta-tools, and so grows when long files are split. The third
counts the doors among them, those called from another folder. A reader who follows the main job needs the doors, and goes behind
one only to change what is there.
"""

from __future__ import annotations

import ast
import io
import json
import os
import subprocess
import sys
import tempfile
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = "langchain_awo"
Function = ast.FunctionDef | ast.AsyncFunctionDef

VERBS: Final = frozenset((Path(__file__).parent / "verbs.txt").read_text().split())
"""The first words that begin a name as a verb does: imperatives, what a predicate asks (`is_`, `fits`), and `to_`, `from_`, `as_`,
`with_`, `without_`. A word that is a noun as often (`set`, `count`, `list`) counts as the verb."""

NOT_NAMED_HERE: Final = ("property", "setter", "command", "callback", "fixture", "contextmanager")
"""Decorators whose functions are attributes, commands and contexts: their names are nouns by custom."""

PROBE: Final = """
import json, os, sys, threading
ran, doors = set(), set()
def watch(frame, event, _):
    if event != "call" or frame.f_code.co_name == "<module>":
        return
    name = frame.f_globals.get("__name__", "")
    if name.startswith("langchain_awo."):
        ran.add(name)
        caller = frame.f_back.f_globals.get("__name__", "") if frame.f_back else ""
        if caller.startswith("langchain_awo") and caller.rpartition(".")[0] != name.rpartition(".")[0]:
            doors.add(name)
from langchain_awo.cli import main
sys.argv = ["awo", "demo", "--tasks", "40"]
threading.setprofile(watch); sys.setprofile(watch)
try:
    main()
except SystemExit:
    pass
sys.setprofile(None)
print("\\n" + json.dumps([len(ran), len(doors)]))
"""


def main() -> None:
    """Prints the figures of a checkout, of this one if none is named."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else HERE).resolve()
    trees = {path: ast.parse(path.read_text()) for path in sorted((root / PACKAGE).rglob("*.py"))}
    ran, doors = run_demo(root)
    named = [node.name for tree in trees.values() for node in find_named(tree)]
    verbs = sum(begins_with_verb(name) for name in named)
    shared = find_shared_types(trees)
    comments, lines = count_comments(trees)
    longest = max(trees, key=count_lines)
    for label, value in (
        ("modules", str(len(trees))),
        ("modules that the demo runs", str(ran)),
        ("of those, called from another folder", str(doors)),
        ("functions that begin with a verb", f"{verbs} of {len(named)}, {verbs / len(named):.0%}"),
        (
            "types that share a name with another",
            f"{sum(map(len, shared.values()))}: {', '.join(shared) or 'none'}",
        ),
        ("longest chain of imports", str(measure_depth(root, trees))),
        ("longest file", f"{count_lines(longest)} lines, {longest.relative_to(root)}"),
        ("comment lines", f"{comments} of {lines}, {comments / lines:.1%}"),
    ):
        print(f"{label:38} {value}")


def run_demo(root: Path) -> tuple[int, int]:
    """How many modules `awo demo` runs a function of, and of how many one that is called from another folder."""
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {"PYTHONPATH": str(root), "LANGSMITH_TRACING": "false"}
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", PROBE], cwd=folder, env=env, check=True, capture_output=True, text=True
        )
    ran, doors = json.loads(done.stdout.splitlines()[-1])
    return ran, doors


def find_named(tree: ast.AST) -> Iterator[Function]:
    """The functions and methods whose names are ours to choose."""
    for node in ast.walk(tree):
        if isinstance(node, Function) and not node.name.startswith("__"):
            decorators = " ".join(map(ast.unparse, node.decorator_list))
            if not any(word in decorators for word in NOT_NAMED_HERE):
                yield node


def begins_with_verb(name: str) -> bool:
    """Whether a verb begins the name; the `a` of an async form is skipped."""
    first = name.lstrip("_").partition("_")[0]
    return first in VERBS or (first.startswith("a") and first[1:] in VERBS)


def find_shared_types(trees: dict[Path, ast.Module]) -> dict[str, list[Path]]:
    """Names of classes and of the modules that define a class of that name, where there are several."""
    homes: defaultdict[str, list[Path]] = defaultdict(list)
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(path)
    return {name: paths for name, paths in sorted(homes.items()) if len(paths) > 1}


def measure_depth(root: Path, trees: dict[Path, ast.Module]) -> int:
    """How many modules the longest chain has in which each imports the next when it is loaded."""
    names = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in trees
    }
    imports = {name: sorted(find_imports(trees[path], names.keys()) - {name}) for name, path in names.items()}
    depths: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in depths:
            depths[name] = 0  # ends a circle
            depths[name] = 1 + max((depth(other) for other in imports[name]), default=0)
        return depths[name]

    return max(map(depth, names))


def find_imports(tree: ast.Module, names: set[str]) -> set[str]:
    """The modules of the package that a module imports at its top."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & names


def count_lines(path: Path) -> int:
    """The lines of a file."""
    return len(path.read_text().splitlines())


def count_comments(trees: dict[Path, ast.Module]) -> tuple[int, int]:
    """Lines with a comment, and all lines; orders to the linter are no comments."""
    comments = lines = 0
    for path in trees:
        text = path.read_text()
        lines += len(text.splitlines())
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            told = token.string.lstrip("# ")
            comments += token.type == tokenize.COMMENT and not told.startswith(("noqa", "type:", "pragma"))
    return comments, lines


if __name__ == "__main__":
    main()
