"""Text that nobody wrote: long runs of letters and digits as only a generator of keys makes them."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from langchain_awo.model.secrets.mask import MASK_START, blank_masks
from langchain_awo.model.secrets.names import split_words
from langchain_awo.model.secrets.shapes import Span
from langchain_awo.model.secrets.vocabulary import split_word_set

READABLE: Final = 0.9
"""Share of printable bytes from which decoded base 64 is text."""

RUN: Final = 13
"""Text without so many letters and digits in a row is not looked at; those of a UUID are twelve."""

MIN_BITS: Final = 4.0
"""Shannon entropy, in bits for each character, that 32 random letters and digits hardly ever stay below."""

MAX_LOWER: Final = 0.65
"""Share of small letters; 0.42 in random text, more in names made of words."""

FEW: Final = 3
"""Random text has at least so many capital and small letters each, and short random text has no more slashes."""

SLASHES: Final = 16
"""Longer random text has at most one slash for so many characters; the parts of a path are shorter."""

MIN_CHANGES: Final = 0.42
"""Share of neighbours of different kinds (capital, small, digit, other); 0.64 in random text, at most a third in names."""

MAX_WORDS: Final = 0.5
"""Share of what looks like capitalized words: a quarter of random text, most of a name such as `GetOrderById7ForUser`."""

_WORD: Final = re.compile(r"[A-Z][a-z]{2,}")
_RUN_OR_NOT: Final = bytes(0x61 if chr(code).isalnum() and code < 128 else 0x20 for code in range(256))  # noqa: PLR2004  # ASCII
_PRINTABLE: Final = frozenset(range(32, 127))
_NEEDLE: Final = b"a" * RUN
SHORTEST: Final = 28
"""Characters of random text that is taken for a secret."""

_LONGEST: Final = 130
_AROUND: Final = "_+/=.:%-"
_REST: Final = re.compile(r"[\w+/=.:%-]*")
_TOKEN: Final = re.compile(
    r"(?:(?<![\w+/.%-])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2}))(?!sha\d{1,3}-|(?:call|toolu|chatcmpl|msg|run|req|resp|rs|fc|lc|asst|thread|file|tooluse)[_-])(?=[a-z0-9+/_-]{0,127}[A-Z])[A-Za-z0-9+/_-]{28,128}={0,2}(?![\w+/%=-])"
)
_REFERENCES: Final = split_word_set(
    "id ids hash hashes digest etag checksum cursor sha sha1 sha256 sha512 md5 fingerprint integrity version uuid guid ref "
    "image thumbnail photo picture icon data base64 blob file path url uri href link src continuation next etags cid"
)


def find_long_runs(text: str) -> Iterator[Span]:
    """Surroundings of what could be random text; looking for it costs about two nanoseconds a character."""
    if len(text) < RUN:
        return
    shadow = blank_masks(text).encode("ascii", "replace").translate(_RUN_OR_NOT)
    place = shadow.find(_NEEDLE)
    while place >= 0:
        rest = _REST.match(text, place)
        end = rest.end() if rest else place + RUN
        yield _find_start(text, place), end
        place = shadow.find(_NEEDLE, end)


def _find_start(text: str, place: int) -> int:
    """Where what a run is a part of begins: what stands before that says nothing about it."""
    limit = max(0, place - _LONGEST)
    while place > limit and (text[place - 1].isalnum() or text[place - 1] in _AROUND):
        place -= 1
    return place


def find_random_runs(text: str, start: int, end: int) -> Iterator[Span]:
    """The parts of a stretch of text that are random; what stands before a mask is its name."""
    if end - start < SHORTEST:
        return
    for match in _TOKEN.finditer(text, start, end):
        named = match[0].endswith("=") and text.startswith(MASK_START, match.end())
        if not named and is_random(match[0]):
            yield match.span()


def is_random(token: str) -> bool:
    """Whether a token is random text in three kinds of characters; hexadecimal digests, UUIDs and encoded words are not.

    >>> is_random("q7Zp2Vx9Lk4Wn8Tb3Rc6Yd1Hf5Gj0Ms4"), is_random("getUserByIdWithOptionsV2ForAccount99")
    (True, False)
    """
    kinds = [_classify_character(character) for character in token.rstrip("=")]
    counts = Counter(kinds)
    if min(counts["upper"], counts["lower"]) < FEW or not counts["digit"] or _is_path(token):
        return False
    changes = sum(one != other for one, other in pairwise(kinds)) / (len(kinds) - 1)
    words = sum(map(len, _WORD.findall(token)))
    mixed = changes >= MIN_CHANGES and counts["lower"] <= MAX_LOWER * len(kinds)
    return (
        mixed
        and words <= MAX_WORDS * len(token)
        and _measure_entropy(token) >= MIN_BITS
        and not _encodes_text(token)
    )


def _is_path(token: str) -> bool:
    slashes = token.count("/")
    return slashes > FEW and slashes * SLASHES > len(token)


def may_be_random(key: str) -> bool:
    """Whether random text under a key may be a secret: an identifier or a digest is meant to be random."""
    words = split_words(key)
    return not words or words[-1] not in _REFERENCES


def _classify_character(character: str) -> str:
    if character.isdigit():
        return "digit"
    if character.isalpha():
        return "upper" if character.isupper() else "lower"
    return "other"


def _measure_entropy(token: str) -> float:
    counts = Counter(token)
    return -sum(count / len(token) * math.log2(count / len(token)) for count in counts.values())


def _encodes_text(token: str) -> bool:
    """Whether it is readable text in base 64, such as the cursor of a page."""
    try:
        decoded = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_")
    except (binascii.Error, ValueError):
        return False
    return sum(byte in _PRINTABLE for byte in decoded) >= READABLE * len(decoded)
