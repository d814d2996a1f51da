"""Which keys and words announce a secret."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from langchain_awo.model.secrets import vocabulary

Claim: TypeAlias = Literal["any", "text", "credential", "card"]
"""What a key says of its value: whatever it is it is secret (`any`), every text is that is no mere state such as "required"
(`text`), only what looks like a credential (`credential`), or like the number of a card (`card`)."""

Words: TypeAlias = tuple[str, ...]

_PARTS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_A-Za-z]+")


@lru_cache(maxsize=8192)
def split_words(key: str) -> Words:
    """The words of a key in any spelling.

    >>> split_words("X-Api-Key"), split_words("accessToken"), split_words("token_count")
    (('x', 'api', 'key'), ('access', 'token'), ('token', 'count'))
    """
    if not key.isascii():
        return tuple(re.findall(r"[^\W_]+", key.lower()))
    return tuple(part.lower() for part in _PARTS.findall(key))


@lru_cache(maxsize=8192)
def claim_of(key: str) -> Claim | None:
    """What a key says of its value, `None` for an ordinary one. Whole words count: `author` and `tokens` say nothing.

    >>> claim_of("db_password"), claim_of("password_policy"), claim_of("auth"), claim_of("creditCard")
    ('any', None, 'text', 'card')
    """
    words = split_words(key)
    for place, word in enumerate(words):
        pair = words[place : place + 2]
        length = len(pair) if pair in vocabulary.PAIRS else 1
        if (length > 1 or word in vocabulary.WORDS) and not _is_about(words, place, length):
            return "any"
    return _find_weaker_claim(words)


def _is_about(words: Words, place: int, length: int) -> bool:
    """Whether a key speaks about a secret or about something else: `password_policy`, `next_page_token`."""
    before = words[place - 1] if place else ""
    return before in vocabulary.BEFORE or not vocabulary.AFTER.isdisjoint(words[place + length :])


def _find_weaker_claim(words: Words) -> Claim | None:
    if words[-2:] in vocabulary.CARDS or words[-1:] in vocabulary.CARDS:
        return "card"
    last, before = (words[-1] if words else ""), (words[-2] if len(words) > 1 else "")
    if last == "pass" and (not before or before in vocabulary.OWNERS):
        return "text"
    if last in vocabulary.TEXTS and before not in vocabulary.BEFORE:
        return "text"
    return "credential" if last in vocabulary.CREDENTIALS else None


def looks_secret(key: str) -> bool:
    """Whether every value under this key is taken for a secret."""
    return claim_of(key) == "any"


def normalize_keys(keys: Collection[str]) -> frozenset[Words]:
    """Keys for comparison in any spelling."""
    return frozenset(split_words(key) for key in keys)


def list_spellings(keys: Collection[Words]) -> set[str]:
    """How keys may be written in a text, in lower case."""
    return {joint.join(words) for words in keys if words for joint in ("", " ", "_", "-", ".")}


def list_known_spellings() -> set[str]:
    """How the names that announce a secret may be written in a text, in lower case."""
    single = vocabulary.WORDS | vocabulary.TEXTS | vocabulary.CREDENTIALS | {"pass"}
    return set(single) | list_spellings(vocabulary.PAIRS | vocabulary.CARDS)
