"""What writes small files, each with how its file is read; `write_for_ever` is to be killed."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import langchain_awo as awo
from langchain_awo.model.ir.metatool import Refused, ToolkitPlan
from langchain_awo.model.rules import Alias, RuleSet
from langchain_awo.model.trace.trace import Trace
from langchain_awo.optimizer.counting.state import read_state, write_state
from langchain_awo.optimizer.counting.summary import summarize
from langchain_awo.optimizer.rules.file import read_rules, write_rules
from langchain_awo.plan_file import read_plan, write_plan
from langchain_awo.reporting.report import Report


@dataclass(frozen=True)
class Writer:
    """A kind of file: `write` puts so many things into it, `count` reads it whole and says how many are there."""

    write: Callable[[int, Path], None]
    count: Callable[[Path], int]


def _plan(number: int) -> ToolkitPlan:
    refused = (Refused(routine=(f"find_{at}", "get"), code="rare", reason="rare") for at in range(number))
    return ToolkitPlan(refused=tuple(refused))


def _rules(number: int) -> RuleSet:
    return RuleSet(tuple(Alias(tool=f"search_{at}", to=f"find_{at}") for at in range(number)))


def _traces(number: int) -> list[Trace]:
    return [
        Trace(trace_id=f"t{at}", task_id=f"t{at}", metadata={"at": f"{at * 7919:x}"}) for at in range(number)
    ]


@cache
def _report() -> Report:
    return awo.report([], ToolkitPlan())


def _write_page(number: int, path: Path) -> None:
    replace(_report(), source=f"{number} stores").save(path)


def _stores_of_page(path: Path) -> int:
    text = path.read_text(encoding="utf-8")
    assert text.rstrip().endswith("</html>")
    return int(re.findall(r"(\d+) stores", text)[0])


WRITERS = {
    "toolkit": Writer(lambda n, path: write_plan(_plan(n), path), lambda path: len(read_plan(path).refused)),
    "rules": Writer(lambda n, path: write_rules(_rules(n), path), lambda path: len(read_rules(path).rules)),
    "report": Writer(_write_page, _stores_of_page),
    "state": Writer(
        lambda n, path: write_state(summarize(_traces(n)), path), lambda path: read_state(path).traces
    ),
}


def write_for_ever(name: str, path: Path) -> None:
    """Writes the file large and small in turn, and says after the first time that it does."""
    for turn in itertools.count():
        WRITERS[name].write((3, 400)[turn % 2], path)
        if turn == 1:
            sys.stdout.write("writing\n")
            sys.stdout.flush()


if __name__ == "__main__":
    write_for_ever(sys.argv[1], Path(sys.argv[2]))
