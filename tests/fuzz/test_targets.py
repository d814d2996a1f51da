"""Every target takes its good inputs, those that once made it fail, and many changes of both; `make fuzz` looks for more."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.mutating import change_bytes, change_json
from tests.fuzz.seeds import found_by, seeds_of
from tests.fuzz.targets import TARGETS

CHANGES = 40


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_good_and_what_once_failed_is_taken(name):
    for data in (b"", *seeds_of(name), *(path.read_bytes() for path in found_by(name))):
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_changes_of_what_is_good_are_taken(name):
    """The same every time."""
    chance = random.Random(name)  # noqa: S311  # no secret
    seeds = seeds_of(name)
    for _ in range(CHANGES):
        data = bytearray(chance.choice(seeds)[:20_000])
        for _ in range(chance.choice([1, 2, 5])):
            change_bytes(data, chance)
        TARGETS[name](bytes(data))


@pytest.mark.parametrize("name", ["sealed", "decide", "toolkit"])
def test_json_that_was_changed_as_json_is_taken(name):
    chance = random.Random(name)  # noqa: S311  # no secret
    for _ in range(CHANGES):
        changed = change_json(chance.choice(seeds_of(name)), chance)
        assert changed is not None
        TARGETS[name](changed)
