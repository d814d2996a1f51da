"""Where the secrets of a text are, and whether a value is one.

One pass of an Aho-Corasick automaton finds the few places that are worth looking at; all further work is done there and
bounded, so that the cost is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import Final

from ahocorasick_rs import AhoCorasick, Implementation

from langchain_awo.model.secrets.entropy import find_long_runs, find_random_runs, may_be_random
from langchain_awo.model.secrets.mask import MASK, MASK_START, blank_masks
from langchain_awo.model.secrets.names import (
    Claim,
    claim_of,
    list_known_spellings,
    list_spellings,
    normalize_keys,
    split_words,
)
from langchain_awo.model.secrets.sentences import find_announced_values, find_secret_parts, is_credible
from langchain_awo.model.secrets.shapes import BY_LITERAL, Span, find_long_shapes, match_shape
from langchain_awo.model.secrets.vocabulary import SCHEMES
from langchain_awo.model.text.json_value import JSONValue

MAX_NAME: Final = 60
"""Longer names, in characters, are looked at from there on."""

_AFTER: Final = re.compile(rf"[\w-]{{0,{MAX_NAME}}}")


class Detector:
    """Finds secrets by name, by shape and by entropy.

    Args:
        keys: names that announce a secret, besides those that are known.
        allow_keys: names that announce none, whatever they sound like.
        entropy: whether random text is taken for a secret.
    """

    def __init__(
        self, keys: Collection[str] = (), *, allow_keys: Collection[str] = (), entropy: bool = True
    ) -> None:
        self._keys, self._allowed = normalize_keys(keys), normalize_keys(allow_keys)
        self._entropy = entropy
        literals = {*list_known_spellings(), *list_spellings(self._keys), *BY_LITERAL}
        self._literals = sorted(literals)
        self._automaton = AhoCorasick(self._literals, implementation=Implementation.DFA)

    def claim(self, key: str) -> Claim | None:
        """What a key says of its value; see `langchain_awo.model.secrets.names`. A mask in it says nothing."""
        if MASK_START in key:
            key = MASK.sub(" ", key)
        if self._keys and split_words(key) in self._keys:
            return "any"
        if self._allowed and split_words(key) in self._allowed:
            return None
        return claim_of(key)

    def may_hold(self, text: str) -> bool:
        """A quick look whether a text, or JSON text of a value, is worth searching: a few nanoseconds a character."""
        return any(True for _ in self._keys_without_name(text, entropy=self._entropy)) or any(
            match_shape(text, start, literal)
            if literal in BY_LITERAL
            else self._may_be_named_at(text, start, end)
            for literal, start, end in self._hits(text)
        )

    def _may_be_named_at(self, text: str, start: int, end: int) -> bool:
        """Whether a value is named that is secret whatever it is, or that looks secret."""
        name = self._name_at(text, start, end)
        return name is not None and (name[2] in ("any", "text") or bool(find_announced_values(text, *name)))

    def spans(self, text: str, key: str = "") -> list[Span]:
        """Where the secrets of a text are, in order and without overlaps.

        Args:
            key: what the text is called; an identifier is meant to be random.
        """
        entropy = self._entropy and may_be_random(key)
        found = [*self._named_or_shaped(text), *self._keys_without_name(text, entropy=entropy)]
        return join_spans(found, text) if found else found

    def _named_or_shaped(self, text: str) -> Iterator[Span]:
        done = 0
        for literal, start, end in self._hits(text):
            if literal in BY_LITERAL and (shape := match_shape(text, start, literal)):
                yield shape
            if start >= done and (name := self._name_at(text, start, end)):
                spans = find_announced_values(text, *name)
                yield from spans
                done = max([name[1], *(stop for _, stop in spans)])

    def _keys_without_name(self, text: str, *, entropy: bool) -> Iterator[Span]:
        for start, end in find_long_runs(text):
            yield from find_long_shapes(text, start, end)
            if entropy:
                yield from find_random_runs(text, start, end)

    def _hits(self, text: str) -> list[tuple[str, int, int]]:
        lowered = text.lower()
        if len(lowered) != len(text):  # some letters become two; places must stay what they are
            lowered = "".join(one if len(one := letter.lower()) == 1 else letter for letter in text)
        hits = self._automaton.find_matches_as_indexes(
            replace_surrogates(blank_masks(lowered)), overlapping=True
        )
        return [(self._literals[index], start, end) for index, start, end in hits]

    def _name_at(self, text: str, start: int, end: int) -> tuple[int, int, Claim] | None:
        """The name around a known word, and what it claims."""
        if text[start:end].isascii():
            after = _AFTER.match(text, end)
            left, right = _find_name_start(text, start), after.end() if after else end
        else:
            left, right = start, end
        claim = self.claim(text[left:right])
        if claim is None and "\\" in text[max(0, left - 1) : left]:  # the n of an escaped end of line
            left += 1
            claim = self.claim(text[left:right])
        return (left, right, claim) if claim else None


def _find_name_start(text: str, start: int) -> int:
    limit = max(0, start - MAX_NAME)
    while start > limit and (text[start - 1].isalnum() or text[start - 1] in "_.-"):
        start -= 1
    return start


def replace_surrogates(text: str) -> str:
    """Text of the same length without lone surrogates, which the automaton cannot read."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def join_spans(spans: Iterable[Span], text: str) -> list[Span]:
    """Spans in order, those that overlap made one, masks left out."""
    masks = [match.span() for match in MASK.finditer(text)] if "<secret:" in text else []
    result: list[Span] = []
    for start, end in sorted(spans):
        if end <= start or any(start < stop and begin < end for begin, stop in masks):
            continue
        if result and start < result[-1][1]:
            result[-1] = result[-1][0], max(end, result[-1][1])
        else:
            result.append((start, end))
    return result


@cache
def get_default_detector() -> Detector:
    """The detector without rules of a user."""
    return Detector()


def is_secret(value: JSONValue, key: str = "") -> bool:
    """Whether a value is a secret, or has one inside, under this key.

    >>> is_secret("hunter2", "password"), is_secret("order 7", "note"), is_secret({"url": "https://ann:pw@x.test"})
    (True, False, True)
    """
    if isinstance(value, dict):
        return any(is_secret(item, str(name)) for name, item in value.items())
    if isinstance(value, list | tuple):
        return any(is_secret(item, key) for item in value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    text, claim = str(value), get_default_detector().claim(key)
    named = claim and text.strip().lower() not in SCHEMES
    if (
        claim
        and named
        and any(is_credible(text[start:end], claim) for start, end in find_secret_parts(text, key))
    ):
        return True
    return isinstance(value, str) and bool(get_default_detector().spans(value, key))


def hide_secrets(text: str) -> str:
    """A text for a log or an error message, with what looks like a secret left out.

    >>> hide_secrets("cannot open https://ann:hunter2@db.test/x")
    'cannot open https://ann:<secret>@db.test/x'
    """
    pieces, done = [], 0
    for start, end in get_default_detector().spans(text):
        pieces += [text[done:start], HIDDEN]
        done = end
    return "".join([*pieces, text[done:]])


HIDDEN: Final = "<secret>"
