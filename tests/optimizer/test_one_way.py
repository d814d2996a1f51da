"""No flags: what a caller's word switches on becomes a routine for each word."""

from __future__ import annotations

from langchain_awo.model.ir.binding import Constant
from langchain_awo.optimizer.pipeline import Options, compile_corpus
from tests.optimizer.notation import corpus_of
from tests.optimizer.test_mining import runs

KEY = '"c{n} %s" get_file(id=c{n}, area=%s) -> {"box": "b{n}", "by": "p{n}"}'
BILLS = f"{KEY % ('bills', 'bills')} | list_bills(b{{n}})"
CASES = f"{KEY % ('cases', 'cases')} | list_cases(b{{n}})"
WORKERS = " | get_worker(p{n})"


def compiled(*lines):
    text = "\n".join(runs(24, line, first=10 + 40 * number) for number, line in enumerate(lines))
    return compile_corpus(corpus_of(text), Options())[0]


def shapes(found):
    return {
        each.name: (
            each.steps[0].args["area"],
            [step.tool for step in each.steps],
            [spec.name for spec in each.parameters],
        )
        for each in found
    }


def test_each_area_has_a_routine_of_its_own_and_no_area_to_fill_in():
    found = compiled(BILLS, CASES)
    assert shapes(found) == {
        "get_file_bills": (Constant(value="bills"), ["get_file", "list_bills"], ["id"]),
        "get_file_cases": (Constant(value="cases"), ["get_file", "list_cases"], ["id"]),
    }
    assert all(step.guard is None for each in found for step in each.steps)
    assert {each.description.partition(". ")[0] for each in found} == {
        f"Returns a file with its {area}, looked up by id, always with area={area}"
        for area in ("bills", "cases")
    }


def test_what_follows_in_every_area_follows_in_each_routine():
    found = compiled(BILLS + WORKERS, CASES + WORKERS)
    assert {tuple(sorted(step.tool for step in each.steps)) for each in found} == {
        ("get_file", "get_worker", "list_bills"),
        ("get_file", "get_worker", "list_cases"),
    }


def test_what_was_read_may_still_be_a_condition():
    """What a read shows is no word of the caller's."""
    bills = BILLS.replace(', area=bills) -> {"box"', ') -> {"kind": "bills", "box"')
    other = bills.replace('"kind": "bills"', '"kind": "cases"').rpartition(" | ")[0]
    (found,) = compiled(bills, other)
    assert found.steps[1].guard.value == "bills"
    assert 'The bills are read only if the file\'s kind is "bills".' in found.description
