"""Which condition explains where agents went on, found on some tasks and counted on others."""

from __future__ import annotations

import pytest

from langchain_awo.model.ir.binding import Output
from langchain_awo.model.ir.metatool import Guard, GuardEvidence
from langchain_awo.model.views.notation import format_guard
from langchain_awo.optimizer.mining.conditions import Case, explain


def place(path):
    return Output(step=1, path=path)


def cases(facts, followed, *, count=40):
    """Places of as many tasks; what is known there and whether agents went on is made of a number."""
    return [
        Case(f"task {n}", {place(path): value for path, value in facts(n).items()}, followed(n))
        for n in range(count)
    ]


def shown(found):
    if found is None:
        return None
    first, *also = found.conditions
    return format_guard(Guard(source=first.source, test=first.test, value=first.value, also=tuple(also)))


@pytest.mark.parametrize(
    ("facts", "followed", "expected"),
    [
        (lambda n: {"/state": "open" if n % 2 else "done"}, lambda n: n % 2 == 1, '#1/state == "open"'),
        (
            lambda n: {"/state": ("open", "late", "done", "gone")[n % 4]},
            lambda n: n % 4 < 2,
            '#1/state in ["late","open"]',
        ),
        (lambda n: {"/total": n * 10}, lambda n: n >= 20, "#1/total >= 200"),
        (lambda n: {"/total": n * 10}, lambda n: n < 20, "#1/total <= 190"),
        (lambda n: {"/on": f"2024-05-{n % 28 + 1:02}"}, lambda n: n % 28 >= 14, '#1/on >= "2024-05-15"'),
        (lambda n: {"/id": f"i{n}"} | ({"/parcel": f"p{n}"} if n % 2 else {}), lambda n: n % 2 == 1, "#1/parcel is given"),
        (lambda n: {"/notes": [f"n{n}"] if n % 2 else []}, lambda n: n % 2 == 1, "#1/notes is nonempty"),
        (lambda n: {"/notes": [f"n{n}"] if n % 2 else []}, lambda n: n % 2 == 0, "#1/notes is empty"),
        (lambda n: {"/flag": n % 2 == 0, "/id": f"i{n}"}, lambda n: n % 2 == 0, "#1/flag == true"),
    ],
)  # fmt: skip
def test_the_condition_that_explains_is_found_and_holds_on_tasks_it_was_not_found_on(
    facts, followed, expected
):
    own = cases(facts, followed)
    found = explain(own)
    assert shown(found) == expected
    went_on = sum(case.followed for case in own)
    seen = found.evidence
    assert (seen.held + seen.others, seen.followed + seen.others_followed) == (len(own), went_on)
    assert seen.followed >= seen.held * 0.9
    assert seen.others_followed <= seen.others * 0.1


def test_two_conditions_are_taken_together_where_one_alone_explains_clearly_less():
    found = explain(
        cases(
            lambda n: {"/state": "open" if n % 2 else "done", "/total": n % 4 * 10},
            lambda n: n % 4 == 3,
            count=80,
        )
    )
    assert found.evidence == GuardEvidence(held=20, followed=20, others=60)


@pytest.mark.parametrize(
    ("facts", "followed"),
    [
        (lambda n: {"/state": "open"}, lambda n: n % 2 == 0),
        (lambda n: {"/id": f"i{n}"}, lambda n: n % 2 == 0),
        (lambda n: {"/state": "open" if n % 2 else "done"}, lambda n: True),
        (lambda n: {"/state": "open" if n % 2 else "done"}, lambda n: False),
        (lambda n: {}, lambda n: n % 2 == 0),
    ],
    ids=["one value", "no two alike", "always", "never", "nothing known"],
)
def test_where_nothing_tells_the_places_apart_there_is_no_condition(facts, followed):
    assert explain(cases(facts, followed)) is None


def test_what_explains_by_chance_alone_does_badly_on_the_tasks_it_was_not_found_on():
    """Of many places of noise one always fits best; the counts of other tasks say that it does not."""
    noise = [(n * 7919 + k * 104729) % 97 for n in range(60) for k in range(20)]

    def facts(n):
        return {f"/noise{k}": noise[n * 20 + k] for k in range(20)}

    found = explain(cases(facts, lambda n: (n * 31) % 7 < 3, count=60))
    assert found is None or min(found.precision(0.95), found.coverage(0.95)) < 0.6


def test_fewer_tasks_than_folds_explain_nothing():
    own = cases(lambda n: {"/state": "open" if n % 2 else "done"}, lambda n: n % 2 == 1)
    assert explain([Case(f"task {n % 3}", case.facts, case.followed) for n, case in enumerate(own)]) is None
