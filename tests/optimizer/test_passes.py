"""Every pass of the default strategy does to the text before what the text after says: cases that a person can review.

A case in `cases/default/PASS.txt` has a title, options, routines in the notation if the pass takes some, runs, and what comes out:

    == title
    option: value
    --
    routines before
    --
    runs
    --
    what comes out

Both sides are executed: the pass runs on what stands before, and the routines that stand after are read back, compared with those
that were made, and replayed on the runs. After a change of the optimizer, write the outcomes anew and read the difference:

    python -m tests.optimizer.test_passes
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from langchain_awo.errors import AwoError
from langchain_awo.model.ir.validation import check_meta_tool
from langchain_awo.model.views.notation_parser import parse_meta_tools
from tests.optimizer.notation import corpus_of
from tests.optimizer.passes import PASSES, shown_replay

CASES = Path(__file__).with_name("cases") / "default"
LEAST = 40
"""Fewer cases than this were lost, not tidied."""


@dataclass(frozen=True, slots=True)
class PassCase:
    """One case; its sections are the title with the options, the routines if any, the runs, and the outcome."""

    name: str
    sections: tuple[str, ...]

    @property
    def title(self):
        return self.sections[0].partition("\n")[0]

    @property
    def options(self):
        lines = self.sections[0].splitlines()[1:]
        return {name: _option(value) for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def corpus(self):
        return corpus_of(self.sections[-2])

    @property
    def routines(self):
        return routines_in(self.sections[1]) if len(self.sections) == 4 else []

    @property
    def outcome(self):
        return stripped(self.sections[-1])

    def run(self):
        """What the pass makes of the case."""
        try:
            return stripped(PASSES[self.name](self.corpus, self.routines, **self.options))
        except AwoError as error:
            return f"{type(error).__name__}: {error}"


def routines_in(text):
    """The routines of a text, in the notation; other paragraphs are remarks."""
    blocks = [
        block for block in re.split(r"\n\s*\n", text.strip("\n")) if re.search(r"^  1  ", block, re.MULTILINE)
    ]
    return parse_meta_tools("\n\n".join(blocks))


def cases():
    for path in sorted(CASES.glob("*.txt")):
        _, *blocks = path.read_text(encoding="utf-8").split("\n== ")
        yield from (
            PassCase(path.stem, tuple(re.split(r"^--\n", block, flags=re.MULTILINE))) for block in blocks
        )


def stripped(text):
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _option(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text, text)


def difference(expected, found):
    """What changed, as `diff` shows it."""
    lines = difflib.unified_diff(
        expected.splitlines(), found.splitlines(), "the case says", "the pass does", lineterm=""
    )
    return "\n".join(lines)


ALL = [pytest.param(case, id=f"{case.name}: {case.title}") for case in cases()]


@pytest.mark.parametrize("case", ALL)
def test_a_pass_makes_of_a_case_what_the_case_says(case):
    found = case.run()
    assert found == case.outcome, "\n" + difference(case.outcome, found)


@pytest.mark.parametrize("case", ALL)
def test_the_routines_of_a_case_are_sound_and_do_on_its_runs_what_it_says(case):
    for routine in [*case.routines, *routines_in(case.outcome)]:
        assert check_meta_tool(replace(routine, name="routine")) == ""
    after = routines_in(case.outcome)
    if after and "replayed: " in case.outcome:
        assert shown_replay(after, case.corpus) in case.outcome


def test_no_case_is_lost_and_every_pass_has_some():
    found = list(cases())
    assert len(found) >= LEAST
    assert {case.name for case in found} == PASSES.keys()


def write_all():
    """Writes every outcome anew."""
    for path in sorted(CASES.glob("*.txt")):
        own = [case for case in cases() if case.name == path.stem]
        intro = path.read_text(encoding="utf-8").partition("\n== ")[0]
        blocks = ["--\n".join([*case.sections[:-1], f"{case.run()}\n"]) for case in own]
        path.write_text("\n".join([intro, *(f"== {block}" for block in blocks)]), encoding="utf-8")


if __name__ == "__main__":
    write_all()
