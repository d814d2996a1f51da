"""`defences.txt` says what is in the code, and names every test of docs/safety.md."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.faults.defences import CASES, ROOT, read_cases
from tests.faults.defences import test_file as file_of

PAGE = ROOT / "docs" / "safety.md"
CASES_FOUND = read_cases(CASES.read_text(encoding="utf-8"))


def test_every_case_is_about_code_that_is_there_and_tests_that_are_there() -> None:
    stale = [
        f"{case.threat}: {change.file}" for case in CASES_FOUND for change in case.changes if change.is_stale
    ]
    assert stale == []
    for case in CASES_FOUND:
        assert case.changes
        for test in case.tests:
            name, _, function = test.partition("::")
            assert f"def {function}(" in (ROOT / file_of(name)).read_text(encoding="utf-8"), test


def test_what_the_page_says_is_noticed_is_in_a_case() -> None:
    """Of the tests in tables, all but those that the page lists as having nothing to take out."""
    page = PAGE.read_text(encoding="utf-8")
    rows = "\n".join(line for line in page.splitlines() if line.startswith("|"))
    named = set(re.findall(r"`(\w+::test_\w+)`", rows))
    without = set(
        re.findall(
            r"`(\w+::test_\w+)`", page.partition("Nothing can be taken out for:")[2].partition("\n## ")[0]
        )
    )
    tried = {test for case in CASES_FOUND for test in case.tests}
    assert sorted(named - tried - without) == []


def test_code_of_another_function_is_stale() -> None:
    """Or a defence would count as noticed when something else was taken out."""
    change = CASES_FOUND[0].changes[0]
    assert not change.is_stale
    assert replace(change, function="Journal.note").is_stale
