"""Measures how fast compiling, reading and counting are, one program after the other, and writes docs/benchmarks.md and its picture.

    make bench               # ten minutes of CPU
    make bench MACHINE="a laptop"   # what the page says of the machine
    make bench QUICK=1       # minutes: small logs, which say little of large ones
    python benchmarks/bench.py --from-file   # the page and the picture again, from what was measured last

What is measured lies in benchmarks/figures.json.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench_figures import (
    FIGURES,
    PAGE,
    ROOT,
    Figures,
    load_figures,
    read_printed,
    write_figures,
    write_tables,
)

FULL: Final[Mapping[str, Sequence[str]]] = {
    "counting": (),
    "reading": ("--calls", "10000", "100000"),
    "scale": (),
}
"""The programs in their order, with their arguments."""

QUICK: Final[Mapping[str, Sequence[str]]] = {
    "counting": ("--calls", "200000", "--stream", "4000000"),
    "reading": ("--calls", "3000", "30000"),
    "scale": (
        "--compile",
        "300",
        "1000",
        "3000",
        "10000",
        "--lengths",
        "10",
        "100",
        "1000",
        "--joined",
        "3000",
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small logs")
    parser.add_argument("--machine", default="Linux, two cores", help="what the page says of it")
    parser.add_argument(
        "--from-file", action="store_true", help="measure nothing, write page and picture again"
    )
    args = parser.parse_args()
    if not args.from_file:
        write_figures(measure(quick=args.quick, machine=args.machine))
    figures = load_figures()
    show(figures)


def measure(*, quick: bool, machine: str) -> Figures:
    """Runs the programs one after the other, each in a process of its own; what they print is shown as it comes."""
    found = Figures(measured=str(datetime.now(UTC).date()), machine=machine, quick=quick)
    programs = QUICK if quick else FULL
    for number, (name, arguments) in enumerate(programs.items(), start=1):
        print(f"\n== {number} of {len(programs)}: {name}.py {' '.join(arguments)}", flush=True)
        tables, notes = read_printed(name, run(Path(__file__).with_name(f"{name}.py"), arguments))
        found.tables.update(tables)
        found.notes[name] = notes
    return found


def run(program: Path, arguments: Sequence[str]) -> str:
    """What a program prints, which is printed here too, line by line.

    Raises:
        SystemExit: it failed; nothing is written then.
    """
    command = [sys.executable, str(program), *arguments]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # our own program
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    if process.returncode:
        raise SystemExit(f"{program.name} failed; {FIGURES.name} and the page are as they were")
    return "".join(lines)


def show(figures: Figures) -> None:
    """Writes the tables of the page and its picture."""
    from bench_picture import PICTURE, write_picture  # noqa: PLC0415  # after the programs, whose memory is measured

    PAGE.write_text(write_tables(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")
    write_picture(figures)
    print("\nwritten: " + ", ".join(str(path.relative_to(ROOT)) for path in (FIGURES, PAGE, PICTURE)))


if __name__ == "__main__":
    main()
