"""Prints what becomes of every kind of source, damaged in every way: `python -m tests.capture.bad_input [FAMILY [CASE]]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from tests.capture.bad_input.cases import CASES, Case, Sizes
from tests.capture.bad_input.runs import Family
from tests.capture.bad_input.trying import FAMILIES, Result, try_case

_HEAD = (
    f"{'format':14} {'what is wrong':27} {'MB':>6} {'peak MB':>8} {'CPU s':>6}  came in whole; what was told"
)


def main() -> int:
    """Tries them all; the exit code is 1 when one of them goes wrong."""
    options = _options()
    sizes = Sizes(calls=options.calls, output=options.output * 10**6, unpacked=options.unpacked * 10**6)
    wrong = 0
    _put(_HEAD)
    for family, case in _wanted(options.family, options.case):
        result = try_case(family, case, sizes, limit=options.limit)
        wrong += not result.is_right(case)
        _put(_line(family, case, result))
    return 1 if wrong else 0


def _wanted(family: str | None, case: str | None) -> Iterator[tuple[Family, Case]]:
    for each in FAMILIES.values():
        for damage in CASES:
            if family in (None, each.name) and case in (None, damage.name) and damage.fits(each):
                yield each, damage


def _line(family: Family, case: Case, result: Result) -> str:
    figures = f"{result.size:6.1f} {result.peak:8.0f} {result.seconds:6.1f}"
    said = "; ".join(filter(None, (", ".join(result.whole), result.problem, *result.told[:2])))
    mark = "" if result.is_right(case) else "WRONG: "
    return f"{family.name:14} {case.name:27} {figures}  {mark}{said[:150]}"


def _put(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("family", nargs="?")
    parser.add_argument("case", nargs="?")
    sizes = Sizes()
    parser.add_argument("--calls", type=int, default=sizes.calls, help="of a long run")
    parser.add_argument(
        "--output", type=int, default=sizes.output // 10**6, help="megabytes of a large output"
    )
    parser.add_argument(
        "--unpacked", type=int, default=sizes.unpacked // 10**6, help="megabytes in a gzip bomb"
    )
    parser.add_argument("--limit", type=int, default=3000, help="megabytes of memory an import may take")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
