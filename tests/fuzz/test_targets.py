"""Every target takes its good inputs, those that once made it fail, and many changes of both; `make fuzz` looks for more."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.seeds import found_by, seeds_of
from tests.fuzz.targets import TARGETS

CHANGES = 40
ODD = (
    b"\0",
    b"\xff",
    b"[" * 600,
    b'"',
    b"\\u",
    b"\\",
    b"9" * 40,
    b"1e999",
    b"null",
    b"{",
    b"-",
    b"\n",
    b"<",
    b"%",
)


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
            change(data, chance)
        TARGETS[name](bytes(data))


def change(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice([0, 1, 4, 40]))
    match chance.randrange(3):
        case 0:
            data[start:end] = chance.choice(ODD)
        case 1:
            data[start:start] = data[start:end]
        case _:
            del data[start:end]
