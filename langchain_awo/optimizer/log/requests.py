"""Whether a user had spoken of what a tool does, as far as its name tells.

A meta-tool that is named after its write is called where the write is wanted. Where no user has said a word of it, nobody decided
against it: `issue_refund` after `get_order` is a decision in runs that speak of a refund, and no question in the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from langchain_awo.model.text.words import split_words
from langchain_awo.optimizer.log.corpus import Run

_PLAIN: Final = frozenset(
    [
        "add",
        "apply",
        "change",
        "create",
        "do",
        "edit",
        "execute",
        "generate",
        "give",
        "handle",
        "issue",
        "make",
        "manage",
        "modify",
        "new",
        "open",
        "perform",
        "place",
        "post",
        "process",
        "put",
        "record",
        "register",
        "run",
        "send",
        "set",
        "start",
        "submit",
        "to",
        "update",
        "by",
        "for",
        "from",
        "of",
        "with",
        "in",
        "on",
    ]
)
"""Words of a tool's name that say nothing of what is wanted."""

_SHORT: Final = 3
"""Shorter words begin too many others."""


def find_telling_words(tool: str, others: Iterable[str]) -> frozenset[str]:
    """The words of a tool's name that neither any tool uses nor the other tools of its routine do.

    >>> sorted(find_telling_words("shop.issueRefund", ["get_order"])), sorted(find_telling_words("cancel_order", ["get_order"]))
    (['refund'], ['cancel'])
    """
    taken = {_stem_word(word) for name in others for word in split_words(name)}
    words = {_stem_word(word) for word in split_words(re.split(r"[./:]+|__", tool)[-1]) if word not in _PLAIN}
    return frozenset(word for word in words - taken if len(word) >= _SHORT)


def has_asked(run: Run, words: Iterable[str], *, before: int) -> bool:
    """Whether a user had said one of the words, in any ending, before a position of the run's text."""
    asked = " ".join(text for position, text in run.asked if position < before)
    return any(re.search(rf"\b{re.escape(word)}", asked) for word in words)


def _stem_word(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
