"""What an agent said after a point of its run, and whether a value is in it, however it was put.

Agents say `$1,859.00` for 1859, `May 20` for `2024-05-20` and `Basic Economy` for `basic_economy`.
"""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_left
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.log.corpus import Run

_TOKEN: Final = re.compile(r"[^\W_]+(?:[.:]\d+)*")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_TIME: Final = re.compile(r"(?<!\d)(\d\d):(\d\d)(?::\d\d)?")
_SENTENCE: Final = 6
"""Longer texts, in words, are retold and not quoted."""
_QUOTE: Final = 3
"""So many words in a row of a long text show that it was retold."""
_EVERYWHERE: Final = frozenset({"true", "false", "none", "null", "nil", "10"})
"""Text that says no more than null, a boolean or a small count does."""


@dataclass(frozen=True, slots=True)
class Sayings:
    """What one agent said and asked for, in words that can be compared.

    Attributes:
        text: words of everything, a blank around each.
        starts: position in the run's text of each saying, ascending, and `offsets` where it begins in `text`.
    """

    text: str
    starts: tuple[int, ...]
    offsets: tuple[int, ...]

    def after(self, position: int) -> str:
        """What was said at or after a position of the run's text."""
        index = bisect_left(self.starts, position)
        return self.text[self.offsets[index] :] if index < len(self.starts) else ""


def collect_sayings(run: Run) -> Sayings:
    """The agent's own words and the arguments of its calls, in order."""
    sayings = [*run.words, *_iterate_arguments(run)]
    sayings.sort(key=lambda saying: saying[0])
    parts = [f" {' '.join(split_words(text))} " for _, text in sayings]
    offsets, length = [], 0
    for part in parts:
        offsets.append(length)
        length += len(part)
    return Sayings("".join(parts), tuple(start for start, _ in sayings), tuple(offsets))


def says(later: str, value: JSONValue, *, apart_from: Container[str] = ()) -> bool:
    """Whether a scalar is in what was said later, in any of its forms; of a long text any few words of it.

    Args:
        apart_from: phrases of long texts that prove nothing, see `phrases_of`.
    """
    text = value if isinstance(value, str) else dumps(value)
    return any(f" {form} " in later for form in _list_forms(text) if form not in apart_from)


def phrases_of(value: JSONValue) -> tuple[str, ...]:
    """The few words in a row by which a long text is found again; none of a short one.

    >>> phrases_of("Ticket 7 was moved to the archive")
    ('ticket 7 was', '7 was moved', 'was moved to', 'moved to the', 'to the archive')
    """
    is_long = isinstance(value, str) and len(split_words(value)) > _SENTENCE
    return _list_forms(value) if is_long else ()


def is_telling(value: JSONValue) -> bool:
    """Whether finding a value again means anything: not null, yes or no, a small count, or a letter, also as text."""
    if value is None or isinstance(value, bool):
        return False
    if isinstance(value, str):
        text = value.strip()
        return len(text) > 1 and text.lower() not in _EVERYWHERE
    return not isinstance(value, int | float) or abs(value) > 10  # noqa: PLR2004  # small counts are everywhere


def split_words(text: str) -> list[str]:
    """The words of a text: lower case, thousands joined, `1.50` as `1.5`, `07:00:00` as `7:00`, `20th` as `20`.

    >>> split_words("It is $1,859.00 on May 20th at 07:00.")
    ['it', 'is', '1859', 'on', 'may', '20', 'at', '7:00']
    """
    joined = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    parted = re.sub(r"(?<=\d)T(?=\d\d:)", " ", joined)
    return [_normalize_word(word) for word in _TOKEN.findall(parted.lower())]


def _normalize_word(word: str) -> str:
    if not word[0].isdigit():
        return word
    if ":" in word:
        hour, minute = word.split(":")[:2]
        return f"{hour.lstrip('0') or '0'}:{minute}"
    if "." in word:
        return word.rstrip("0").rstrip(".")
    return re.sub(r"^(\d+)(?:st|nd|rd|th)$", r"\1", word)


@lru_cache(maxsize=1 << 16)
def _list_forms(text: str) -> tuple[str, ...]:
    words = split_words(text)
    if len(words) > _SENTENCE:
        rows = zip(*(words[start:] for start in range(_QUOTE)), strict=False)
        return tuple(dict.fromkeys([" ".join(row) for row in rows]))
    forms = [" ".join(words), *(form for date in _DATE.findall(text) for form in _spell_dates(date))]
    forms += [form for hour, minute in _TIME.findall(text) for form in _spell_times(int(hour), minute)]
    return tuple(form for form in dict.fromkeys(forms) if form)


def _spell_dates(text: str) -> Iterator[str]:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return
    for month in (f"{day:%B}", f"{day:%b}"):
        yield f"{month.lower()} {day.day}"
        yield f"{day.day} {month.lower()}"
    yield f"{day.month} {day.day} {day.year}"
    yield f"{day:%m %d %Y}"
    yield f"{day:%Y %m %d}"


def _spell_times(hour: int, minute: str) -> Iterator[str]:
    yield f"{hour}:{minute}"
    yield f"{hour % 12 or 12}:{minute}"
    if minute == "00":
        yield f"{hour % 12 or 12} {'pm' if hour >= 12 else 'am'}"  # noqa: PLR2004  # noon
        yield f"{hour % 12 or 12}{'pm' if hour >= 12 else 'am'}"  # noqa: PLR2004


def _iterate_arguments(run: Run) -> Iterator[tuple[int, str]]:
    for segment in run.segments:
        for current in segment.rounds:
            yield from ((current.start, dumps(call.args)) for call in current.calls)
