"""Tasks are repeatable, about things that exist, and understood as they were meant."""

from collections import Counter

import pytest

from langchain_awo.demo.backoffice.phrasebook import PHRASES, list_fields, understand
from langchain_awo.demo.backoffice.tasks import FAMILY_WEIGHTS, UNKNOWN_CUSTOMER, generate_tasks

EXAMPLES = {
    "email": "ada.berg1@example.com",
    "order_id": "O-20001",
    "amount": "7.5",
    "reason": "a rude courier",
    "note": "called back",
    "address": "1 Mill Lane, Lyon",
    "name": "Ada",
}


def test_the_same_seed_gives_the_same_tasks(first_morning):
    tasks = generate_tasks(first_morning, 50, seed=3)
    assert tasks == generate_tasks(first_morning, 50, seed=3)
    assert tasks != generate_tasks(first_morning, 50, seed=4)


def test_every_task_has_an_id_of_its_own(first_morning):
    tasks = generate_tasks(first_morning, 300)
    assert len({task.task_id for task in tasks}) == 300


def test_some_kinds_are_asked_for_all_day_and_others_now_and_then(first_morning):
    counts = Counter(task.family for task in generate_tasks(first_morning, 300))
    assert set(counts) == set(FAMILY_WEIGHTS)
    assert counts["where_is_order"] > 4 * counts["small_talk"]


@pytest.mark.parametrize(
    ("family", "phrase"), [(family, phrase) for family, phrases in PHRASES.items() for phrase in phrases]
)
def test_every_phrase_is_understood(family, phrase):
    request = understand(phrase.format(**EXAMPLES))
    assert request.family == family
    assert {name: str(value) for name, value in request.said.items()} == {
        name: EXAMPLES[name] for name in list_fields(family)
    }


def test_generated_tasks_are_understood_as_they_were_meant(first_morning):
    for task in generate_tasks(first_morning, 300):
        meant = (
            {task.family}
            if task.family != UNKNOWN_CUSTOMER
            else {"latest_order", "open_orders", "reopen_ticket"}
        )
        assert understand(task.instruction).family in meant


def test_what_is_not_in_the_phrasebook_is_not_understood():
    assert understand("Please water the plants.") is None
