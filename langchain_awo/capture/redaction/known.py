"""The secrets that were found in a trace, looked for everywhere in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Final
from urllib.parse import quote, quote_plus

from ahocorasick_rs import AhoCorasick, MatchKind

from langchain_awo.model.secrets.detection import replace_surrogates
from langchain_awo.model.secrets.mask import MASK
from langchain_awo.model.secrets.shapes import Span
from langchain_awo.model.secrets.vocabulary import STATES

MIN_LENGTH: Final = 6
"""Shorter secrets are masked where they stand but not looked for elsewhere: they would be found everywhere."""


class KnownSecrets:
    """Secrets, and the ways in which texts may write them; one pass over a text finds all of them."""

    def __init__(self) -> None:
        self._meant: dict[str, str] = {}
        self._automaton: AhoCorasick | None = None

    def remember(self, text: str) -> str:
        """Notes a secret, and returns it as it is."""
        if len(text) >= MIN_LENGTH and text.lower() not in STATES and not MASK.search(text):
            self._meant[text] = text
        return text

    def close(self, *, is_allowed: Callable[[str], bool]) -> None:
        """Ends the noting: from now on they are looked for."""
        for text in list(self._meant):
            if is_allowed(text):
                del self._meant[text]
                continue
            for form in (
                quote(text, safe="", errors="replace"),
                quote_plus(text, errors="replace"),
                json.dumps(text)[1:-1],
                escape(text),
            ):
                self._meant.setdefault(form, text)
        if self._meant:
            self._automaton = AhoCorasick(
                [replace_surrogates(form) for form in self._meant], matchkind=MatchKind.LeftmostLongest
            )

    def spans(self, text: str) -> list[Span]:
        """Where they are in a text, in order and without overlaps."""
        if self._automaton is None:
            return []
        return [
            (start, end)
            for _, start, end in self._automaton.find_matches_as_indexes(replace_surrogates(text))
        ]

    def meant_by(self, text: str) -> str:
        """The secret that a text writes in one way or another."""
        return self._meant.get(text, text)
