"""Random text is told by what it is, wherever it stands."""

from __future__ import annotations

import base64
import random

import pytest

from langchain_awo.model.secrets.entropy import find_long_runs, find_random_runs

CHANCE = random.Random(3)  # noqa: S311  # made up


def random_parts(text):
    return [text[a:b] for run in find_long_runs(text) for a, b in find_random_runs(text, *run)]


@pytest.mark.parametrize("encode", [base64.urlsafe_b64encode, base64.b64encode])
@pytest.mark.parametrize(("length", "least"), [(24, 0.88), (32, 0.95), (64, 0.98)])
def test_keys_in_base_64_are_found_whole(encode, length, least):
    """How many were missed in a large sample says docs/guides/secrets.md."""
    keys = [encode(CHANCE.randbytes(length)).decode().rstrip("=") for _ in range(400)]
    found = [random_parts(f'{{"answer": "use {key} now"}}') for key in keys]
    assert all(each in ([], [key]) for each, key in zip(found, keys, strict=True))
    assert sum(map(bool, found)) > least * len(keys)


WORDS = [
    "get",
    "Set",
    "user",
    "order",
    "By",
    "Id",
    "in",
    "at",
    "status",
    "list",
    "item",
    "price",
    "Amount",
    "invoice",
    "customer",
    "V2",
    "99",
    "url",
    "7",
    "JSON",
    "next",
]


@pytest.mark.parametrize("between", ["", "_", "-", "/"])
@pytest.mark.parametrize("change", [str.capitalize, str])
def test_names_made_of_short_words_are_none(between, change):
    names = [between.join(change(CHANCE.choice(WORDS)) for _ in range(12)) for _ in range(400)]
    assert sum(bool(random_parts(name)) for name in names) <= 2


@pytest.mark.parametrize(
    "code",
    [
        "SKU-1234-Red-XL-5678-Blue-M-90",
        "Flight-AB1234-Seat-12C-Gate-B7-T5",
        "6f1c2f9e-5b7a-4c1d-9e7f-0a1b2c3d4e5f",
        "Part3Chapter-Page14A-Docs2Site",
        "site/Docs2/Part3Chapter/Page14A",
    ],
)
@pytest.mark.parametrize("nearby", ["", " averylongwordofletters", "\nq7Zp2Vx9Lk4Wn8Tb "])
def test_codes_of_many_parts_are_none_whatever_stands_near(code, nearby):
    assert random_parts(f"{nearby}{code}{nearby}") == []


def test_what_stands_near_changes_nothing():
    for _ in range(50):
        key = base64.urlsafe_b64encode(CHANCE.randbytes(24)).decode()
        assert random_parts(f"{key} and aWordThatIsVeryLong7IsHereToo") == random_parts(key)
