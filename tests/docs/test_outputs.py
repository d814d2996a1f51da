"""Every output on every page is made again by a test, or says when and where it was measured."""

from __future__ import annotations

import pytest

from tests.docs.outputs import NOTED, has_figures, is_compared, shows_output, unheld_outputs
from tests.docs.pages import PAGES, ROOT, Block, Table, blocks_of, tables_of


def block(language, text, *, note="", after=""):
    return Block(language=language, text=text, line=1, note=note, after=after)


def test_no_output_is_shown_that_nothing_holds():
    assert list(unheld_outputs()) == []


@pytest.mark.parametrize(
    ("shown", "is_output", "compared"),
    [
        (block("console", "$ awo show x\n"), False, True),
        (block("console", "$ awo show x \\\n  --json\n"), False, True),
        (block("console", "$ awo show x\nno meta-tools\n"), True, True),
        (block("console", "$ awo show x\nno meta-tools\n", note="not run: slow"), True, False),
        (block("text", "no meta-tools\n", after="console"), True, True),
        (block("text", "no meta-tools\n"), True, False),
        (block("python", "print(1)\n"), False, False),
    ],
)
def test_what_counts_as_an_output_and_as_held(shown, is_output, compared):
    assert shows_output(shown) is is_output
    assert is_compared(shown) is compared


def test_a_note_of_a_measurement_has_a_date_and_a_machine():
    assert NOTED.fullmatch("measured 2026-11-26, Linux, two cores")
    assert not NOTED.fullmatch("measured 2026-11-26")
    assert not NOTED.fullmatch("measured on Linux")


def test_every_test_that_is_said_to_hold_an_output_exists():
    notes = [each.note for page in PAGES for each in (*blocks_of(page), *tables_of(page))]
    named = {found["test"] for note in notes if (found := NOTED.fullmatch(note)) and found["test"]}
    assert named
    assert all((ROOT / name).exists() for name in named)


@pytest.mark.parametrize(
    ("row", "is_one"),
    [
        (["saved", "38.0 %", "12"], True),
        (["saved", "**1,200**", ""], True),
        (["saved", "as before", "12 of 12"], True),
        (["saved", "as before", "yes"], False),
        (["3", "as before", "yes"], False),
    ],
)
def test_what_counts_as_a_table_of_figures(row, is_one):
    assert has_figures(Table(line=1, note="", rows=[row])) is is_one
