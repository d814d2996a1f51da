"""Whether tests notice when the optimizer or the runtime is changed a little: a sample of mutations, the same every time.

    make mutate

mutmut makes every mutation of both packages and notes which tests run which function. Of those that any test runs, the ones whose
names have the smallest digests are tried, each with only the tests that run its function. What survives is a change that no test
of these notices; some are harmless. The outcome is written to `benchmarks/mutation.txt`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MUTANTS = ROOT / "mutants"
OUTCOME = ROOT / "benchmarks" / "mutation.txt"
SURVIVED = 0
"""The exit code of tests that do not notice."""


def mutmut(*args: str) -> int:
    """Runs mutmut in the repository."""
    return subprocess.run([Path(sys.executable).with_name("mutmut"), *args], cwd=ROOT, check=False).returncode  # noqa: S603


def outcomes() -> dict[str, int | None]:
    """The exit code of each mutant, `None` if it was not tried."""
    found: dict[str, int | None] = {}
    for path in sorted(MUTANTS.rglob("*.meta")):
        found |= json.loads(path.read_text())["exit_code_by_key"]
    return found


def tested_functions() -> set[str]:
    """The functions that any test runs, by their names as mutmut has them."""
    stats = json.loads((MUTANTS / "mutmut-stats.json").read_text())
    return set(stats["tests_by_mangled_function_name"])


def function_of(mutant: str) -> str:
    """The function that a mutant is of."""
    return mutant.rpartition("__mutmut_")[0]


def sample(names: Iterable[str], size: int) -> list[str]:
    """The names with the smallest digests."""
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:size]


def report(chosen: list[str], *, tested: int, all_: int, seconds: float) -> str:
    """The score, and what survived."""
    found = outcomes()
    survived = sorted(name for name in chosen if found[name] == SURVIVED)
    noticed = sum(found[name] not in (SURVIVED, None) for name in chosen)
    lines = [
        f"{dt.datetime.now(tz=dt.UTC).date()}: {noticed} of {len(chosen)} mutants are noticed, {noticed / len(chosen):.0%}",
        f"{all_:,} mutants in all, {tested:,} of them of functions that the chosen tests run; {seconds / 60:.0f} minutes",
        "survived:",
        *(f"  {name}" for name in survived),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Makes the mutants, tries a sample, and writes the outcome."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=80, help="how many are tried")
    parser.add_argument("--children", type=int, default=2, help="how many at once")
    options = parser.parse_args()
    started = time.monotonic()
    mutmut("run", "none-yet")  # makes the mutants and times the tests, then finds none of that name
    names, functions = list(outcomes()), tested_functions()
    tested = [name for name in names if function_of(name) in functions]
    chosen = sample(tested, options.mutants)
    mutmut("run", "--max-children", str(options.children), *chosen)
    text = report(chosen, tested=len(tested), all_=len(names), seconds=time.monotonic() - started)
    OUTCOME.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
