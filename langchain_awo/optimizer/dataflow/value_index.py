"""What makes a wanted argument of a value found somewhere: the value itself, a simple transform, or fixed text around it.

The wanted values are indexed once, so that each of the many values of an output costs a few look-ups.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from langchain_awo.model.ir.transform import apply_transform
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue

MAX_OFFSET: Final = 60
"""Days; dates further apart have nothing to do with each other."""

MAX_PROSE: Final = 4_000
"""Longer texts, in characters, are not searched for a value inside them."""

MAX_PARTS: Final = 100
"""Longer texts, in characters, are neither cut into parts nor put into templates."""

DATE_FORMATS: Final = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d",
    "%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y",
)  # fmt: skip
"""How a date may be written besides ISO 8601, which is always tried."""

MAX_LISTS: Final = 50
"""Wanted lists that are looked for as parts of longer ones."""

SEPARATORS: Final = (" ", "@", "/", ":", "#", ", ")
"""Where the first or the last part of a text may be cut off."""

ISO_DAY: Final = len("2024-02-28")

_TOKEN: Final = re.compile(r"[A-Za-z0-9][\w.@+-]*[A-Za-z0-9]")
_ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?")
_DATE: Final = re.compile(
    r"\d{1,4}([./-])\d{1,2}\1\d{2,4}|\d{8}|\d{1,2} [A-Za-z]{3,9} \d{4}|[A-Za-z]{3,9} \d{1,2}, \d{4}"
)
_LEAD: Final = re.compile(r"\w+\W+\Z")


@dataclass(frozen=True, slots=True, order=True)
class Likeness:
    """How an argument is made of a value: first the transform, then the text around it."""

    transform: str = ""
    option: str = ""
    prefix: str = ""
    suffix: str = ""


ITSELF: Final = Likeness()


def derive_value_key(value: JSONValue) -> str:
    """Equal for equal JSON values only."""
    return dumps(value)


class Wanted:
    """Values that are looked for, by their `derive_value_key`."""

    def __init__(self, values: Mapping[str, JSONValue]) -> None:
        self.values = values
        self._texts = {value: key for key, value in values.items() if isinstance(value, str)}
        self._prose = [(value, key) for value, key in self._texts.items() if is_telling(value)]
        self._folded: defaultdict[str, list[str]] = defaultdict(list)
        self._tokens: defaultdict[str, list[str]] = defaultdict(list)
        self._dates: defaultdict[dt.date, list[tuple[str, str]]] = defaultdict(list)
        self._iso: list[tuple[str, dt.date]] = []
        self._lists = [
            (key, set(value))
            for key, value in values.items()
            if isinstance(value, list) and _names_things(value)
        ][:MAX_LISTS]
        self._shapes = {
            _summarize_shape(value) for value in values.values() if isinstance(value, dict | list)
        }
        for key, value in values.items():
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                self._folded[str(value).strip().lower()].append(key)
            if isinstance(value, str):
                self._add_text(key, value)

    def _add_text(self, key: str, text: str) -> None:
        for token in set(_TOKEN.findall(text)) - {text}:
            if is_telling(token):
                self._tokens[token].append(key)
        if _ISO_DATE.fullmatch(text):
            day = _parse_day(text)
            self._iso += [(key, day)] if day else []
        elif _DATE.fullmatch(text):
            for day, form in _parse_written_dates(text):
                self._dates[day].append((key, form))

    def containers(self, value: JSONValue) -> str | None:
        """The key of a wanted object or list that equals a value."""
        if _summarize_shape(value) not in self._shapes:
            return None
        key = derive_value_key(value)
        return key if key in self.values else None

    def parts_of(self, values: list[JSONValue]) -> Iterator[str]:
        """The keys of the wanted lists of texts that are a part of a list, and not all of it."""
        if self._lists and _names_things(values):
            held = set(values)
            yield from (key for key, wanted in self._lists if wanted < held)

    @property
    def has_name_lists(self) -> bool:
        """Whether any list of texts is wanted, which may be a part of a longer one."""
        return bool(self._lists)

    @property
    def has_lists(self) -> bool:
        """Whether any list is wanted, so that the values of a place in all elements may be one."""
        return any(isinstance(shape, int) for shape in self._shapes)

    def hits(self, value: JSONValue) -> Iterator[tuple[str, Likeness]]:
        """The wanted values that a scalar makes, and how."""
        if not isinstance(value, str):
            yield from self._of_number(value)
            return
        key = self._texts.get(value)
        if key is not None:
            yield key, ITSELF
        for other in self._folded.get(value.strip().lower(), ()):
            if other != key and (name := _find_transform(value, self.values[other])):
                yield other, Likeness(name)
        if len(value) <= MAX_PARTS:
            yield from self._around(value)
            yield from self._of_date(value)
            yield from self._of_parts(value)
        if " " in value and len(value) <= MAX_PROSE:
            yield from self._in_prose(value)

    def _of_number(self, value: JSONValue) -> Iterator[tuple[str, Likeness]]:
        key = derive_value_key(value)
        if key in self.values:
            yield key, ITSELF
        if value is None or isinstance(value, bool):
            return
        for other in self._folded.get(str(value), ()):
            if other != key and (name := _find_transform(value, self.values[other])):
                yield other, Likeness(name)
        yield from self._around(str(value))

    def _around(self, text: str) -> Iterator[tuple[str, Likeness]]:
        """Fixed text around the value, such as `Bearer {token}`."""
        tokens = _TOKEN.findall(text) if self._tokens else []
        for key in self._tokens.get(tokens[0], ()) if len(tokens) == 1 else ():
            prefix, found, suffix = self.values[key].partition(text)
            if found and (prefix or suffix):
                yield key, Likeness(prefix=prefix, suffix=suffix)

    def _of_date(self, text: str) -> Iterator[tuple[str, Likeness]]:
        if not (self._iso or self._dates) or not _ISO_DATE.fullmatch(text) or not (day := _parse_day(text)):
            return
        for key, form in self._dates.get(day, ()):
            yield key, Likeness("date_format", form)
        for key, other in self._iso:
            days, whole = (other - day).days, self.values[key]
            if not days and len(whole) == ISO_DAY < len(text):
                yield key, Likeness("date_format", "%Y-%m-%d")
            elif days and abs(days) <= MAX_OFFSET and len(whole) == len(text) and whole[10:] == text[10:]:
                yield key, Likeness("date_offset", str(days))

    def _of_parts(self, text: str) -> Iterator[tuple[str, Likeness]]:
        for separator in SEPARATORS:
            if separator in text:
                for name, part in (
                    ("split_first", text.partition(separator)[0]),
                    ("split_last", text.rpartition(separator)[2]),
                ):
                    if part in self._texts:
                        yield self._texts[part], Likeness(name, separator)

    def _in_prose(self, text: str) -> Iterator[tuple[str, Likeness]]:
        """A value after fixed words: the id in `Created order O-123 for you`."""
        for value, key in self._prose:
            if value in text and len(value) < len(text):
                lead = _extract_lead(text, text.index(value))
                if lead and apply_transform("token_after", text, lead) == value:
                    yield key, Likeness("token_after", lead)


def is_telling(token: str) -> bool:
    """Whether a token is unlikely to stand inside another text by chance: it has a digit, or is long."""
    return len(token) > 3 or (len(token) > 1 and any(letter.isdigit() for letter in token))  # noqa: PLR2004  # said above


def _names_things(value: list[JSONValue]) -> bool:
    return bool(value) and all(isinstance(each, str) and len(each) > 1 for each in value)


def _summarize_shape(value: JSONValue) -> object:
    """What containers must share to be equal, and is cheap to tell; `None` for scalars and what is empty."""
    if isinstance(value, dict):
        return tuple(sorted(value)) or None
    return (len(value) or None) if isinstance(value, list) else None


def _extract_lead(text: str, position: int) -> str:
    """The words before a position that stand there first: one, or two if that occurs earlier."""
    start = position
    for _ in range(2):
        found = _LEAD.search(text, 0, start)
        if found is None:
            return ""
        start = found.start()
        if text.index(text[start:position]) == start:
            return text[start:position]
    return ""


def _find_transform(value: JSONValue, wanted: JSONValue) -> str:
    if isinstance(value, str) and isinstance(wanted, str):
        for name in ("strip", "lower", "upper", "title"):
            if getattr(value, name)() == wanted:
                return name
    if isinstance(value, str) and isinstance(wanted, int | float):
        return "to_number"
    return "to_text" if isinstance(value, int | float) and isinstance(wanted, str) else ""


def _parse_day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _parse_written_dates(text: str) -> tuple[tuple[dt.date, str], ...]:
    """The days that a text may mean, each with the format that says so."""
    found = []
    for form in DATE_FORMATS:
        try:
            day = dt.datetime.strptime(text, form).date()  # noqa: DTZ007  # a date has no zone
        except ValueError:
            continue
        if day.strftime(form) == text:
            found.append((day, form))
    return tuple(found)
