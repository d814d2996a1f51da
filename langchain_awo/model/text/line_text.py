r"""Lines as values: `Key: value`, bullets, items under a heading, and what is nested by indentation, as in YAML.

Every value stays text as it stands there; `#` begins no comment, and a key that stands twice is never lost.

>>> read_lines("Visitor: Ann\nVisitor: Bob")
{'Visitor': ['Ann', 'Bob']}
>>> read_lines("name: Ann\norders:\n- id: 7\n  city: Porto\n- id: 8\n  city: Rome")
{'name': 'Ann', 'orders': [{'id': '7', 'city': 'Porto'}, {'id': '8', 'city': 'Rome'}]}
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.line_scalar import (
    BLOCK,
    QUOTED_PART,
    fold,
    parse_item_list,
    parse_scalar,
    records_of_lines,
)

_KEY: Final = re.compile(
    r"""(?: \*\*(?P<bold>[^*:\n]{1,60})(?::\*\*|\*\*:)
          | "(?P<double>[^"\\\n]{1,60})":
          | '(?P<single>[^'\n]{1,60})':
          | (?P<plain>[^\W](?:[^:#|\n\[\]{}"<>]{0,47}[^\s:#|\n\[\]{}"<>.!?,;])?):
        )(?:[ ]+(?P<value>.*))?$""",
    re.VERBOSE,
)
_BULLET: Final = re.compile(r"(?:(?P<sign>[-*+\u2022\u2013])|(?P<number>\d{1,4})[.)])(?:[ ]+(?P<item>.*))?$")
_HEADING: Final = re.compile(r"#{1,6} +\S|.*:$")
_WORDS: Final = 5
"""A key has at most so many words; more are a sentence."""

_MAX_LEVELS: Final = 40


class _UnclearError(ValueError):
    """The lines may mean something else than a list or an object."""


class _Line(NamedTuple):
    indent: int
    text: str


class _Pair(NamedTuple):
    key: str
    value: JSONValue


def read_lines(text: str) -> JSONValue:
    """The list or object that some lines are; `None` if they may be something else."""
    if "\n" not in text:
        return parse_item_list(text)
    if "\t" in text:
        return None
    lines = [_Line(len(line) - len(line.lstrip(" ")), line.strip()) for line in text.rstrip().split("\n")]
    try:
        return _LineReader(lines).read()
    except _UnclearError:
        return None


class _LineReader:
    """Reads lines from first to last; `at` is the next one."""

    def __init__(self, lines: list[_Line]) -> None:
        self.lines = lines
        self.at = 0

    def read(self) -> JSONValue:
        plain = _find_plain_items([line.text for line in self.lines], {line.indent for line in self.lines})
        if plain is not None:
            return plain
        if records := records_of_lines([line.text for line in self.lines]):
            return [*records]
        if self._has_heading():
            self.at += 1
            self._skip_blank()
        first = self._here()
        value = self._list(first.indent, 0) if _BULLET.match(first.text) else self._records(first.indent)
        if self.at < len(self.lines):
            raise _UnclearError
        return value

    def _has_heading(self) -> bool:
        """Whether the first line is about the others: a sentence with a colon, or any text before bullets."""
        if len(self.lines) < 2 or _BULLET.match(self.lines[0].text):  # noqa: PLR2004
            return False
        head, below = self.lines[0].text, next(line.text for line in self.lines[1:] if line.text)
        is_label = bool(_KEY.match(head)) and " " not in head.rstrip(":").strip("*")
        if is_label:
            return False
        return bool(_HEADING.match(head)) or (bool(_BULLET.match(below)) and not _KEY.match(head))

    def _records(self, indent: int) -> JSONValue:
        """One object, or several with blank lines between them."""
        records: list[JSONValue] = []
        while self.at < len(self.lines):
            records.append(self._mapping(indent, 0))
            if self.at < len(self.lines) and self.lines[self.at].text:
                raise _UnclearError
            self._skip_blank()
        if len(records) == 1:
            return records[0]
        first = next(iter(records[0]), None)
        if any(not isinstance(each, dict) or next(iter(each)) != first for each in records):
            raise _UnclearError
        return records

    # --- the next line ---

    def _here(self) -> _Line:
        if self.at >= len(self.lines):
            raise _UnclearError
        return self.lines[self.at]

    def _skip_blank(self) -> None:
        while self.at < len(self.lines) and not self.lines[self.at].text:
            self.at += 1

    def _is_deeper(self, indent: int) -> bool:
        return self.at < len(self.lines) and bool(self.lines[self.at].text) and self._here().indent > indent

    # --- structure ---

    def _node(self, indent: int, depth: int) -> JSONValue:
        if depth > _MAX_LEVELS:
            raise _UnclearError
        is_list = _BULLET.match(self._here().text)
        return self._list(indent, depth) if is_list else self._mapping(indent, depth)

    def _mapping(self, indent: int, depth: int) -> JSONValue:
        pairs: list[_Pair] = []
        while self.at < len(self.lines) and self.lines[self.at].text and self._here().indent == indent:
            key, value = _split_key(self._here().text)
            self.at += 1
            pairs.append(_Pair(key, self._member(value, indent, depth)))
        if not pairs or self._is_deeper(indent):
            raise _UnclearError
        return _join_pairs(pairs)

    def _member(self, value: str, indent: int, depth: int) -> JSONValue:
        if BLOCK.fullmatch(value):
            return self._block(value, indent)
        if value:
            return self._scalar(value, indent)
        if self._is_deeper(indent):
            return self._node(self._here().indent, depth + 1)
        if self.at < len(self.lines) and self._here().indent == indent and _BULLET.match(self._here().text):
            return self._list(indent, depth + 1)
        return ""

    def _list(self, indent: int, depth: int) -> JSONValue:
        items: list[JSONValue] = []
        raw: list[str] = []
        marks: list[str] = []
        while self.at < len(self.lines) and self._here().indent == indent:
            found = _BULLET.match(self._here().text)
            if found is None:
                break
            marks.append(found["sign"] or found["number"])
            raw.append((found["item"] or "").strip())
            items.append(self._item(raw[-1], found.start("item"), indent, depth))
            self._skip_blank_before(indent)
        _check_marks(marks)
        return raw if _are_labelled(items) else items

    def _skip_blank_before(self, indent: int) -> None:
        """Passes over blank lines between two items."""
        at = self.at
        self._skip_blank()
        if self.at == len(self.lines) or not (
            self._here().indent == indent and _BULLET.match(self._here().text)
        ):
            self.at = at

    def _item(self, text: str, offset: int, indent: int, depth: int) -> JSONValue:
        """One item: an object that begins on its line, a list inside, or a text."""
        if not text:
            self.at += 1
            return self._node(self._here().indent, depth + 1) if self._is_deeper(indent) else ""
        if _KEY.match(text) or (_BULLET.match(text) and text[0] == "-"):
            self.lines[self.at] = _Line(indent + offset, text)
            return self._node(indent + offset, depth + 1)
        self.at += 1
        return self._scalar(text, indent)

    def _scalar(self, text: str, indent: int) -> JSONValue:
        """A text with the lines that continue it."""
        parts = [text]
        is_open = bool(QUOTED_PART.match(text))
        while self.at < len(self.lines) and (self._is_deeper(indent) or (is_open and not self._here().text)):
            line = self._here().text
            if not is_open and (_KEY.match(line) or _BULLET.match(line)):
                raise _UnclearError
            parts.append(line)
            self.at += 1
        value = parse_scalar(fold(parts))
        if value is None:
            raise _UnclearError
        return value

    def _block(self, style: str, indent: int) -> str:
        """A text of several lines below `|` or `>`."""
        taken: list[_Line] = []
        while self.at < len(self.lines) and (self._is_deeper(indent) or not self._here().text):
            taken.append(self._here())
            self.at += 1
        margin = min((line.indent for line in taken if line.text), default=0)
        lines = [" " * (line.indent - margin) + line.text if line.text else "" for line in taken]
        return ("\n".join(lines) if style[0] == "|" else fold(lines)).strip("\n")


def _split_key(text: str) -> tuple[str, str]:
    found = _KEY.match(text)
    if found is None:
        raise _UnclearError
    key = next(found[name] for name in ("bold", "double", "single", "plain") if found[name] is not None)
    if len(key.split()) > _WORDS:
        raise _UnclearError
    return key.strip(), (found["value"] or "").strip()


def _join_pairs(pairs: list[_Pair]) -> JSONValue:
    """Pairs as one object; with keys that repeat as a list of one key, or of records that begin with the same key."""
    keys = [pair.key for pair in pairs]
    if len(set(keys)) == len(keys):
        return dict(pairs)
    if len(set(keys)) == 1:
        return {keys[0]: [pair.value for pair in pairs]}
    records: list[dict[str, JSONValue]] = []
    for key, value in pairs:
        if key == keys[0]:
            records.append({})
        if key in records[-1]:
            raise _UnclearError
        records[-1][key] = value
    if any(len(record) == 1 for record in records):
        raise _UnclearError
    return records


def _check_marks(marks: list[str]) -> None:
    """One kind of bullet, or numbers in sequence; else the lines are prose or sums."""
    if marks[0].isdecimal():
        first = int(marks[0])
        if first > 1 or marks != [str(first + offset) for offset in range(len(marks))]:
            raise _UnclearError
    elif len(set(marks)) > 1:
        raise _UnclearError


def _are_labelled(items: list[JSONValue]) -> bool:
    """Whether items such as `Ann: 7` only look like objects: each has one key, and the keys are data."""
    single = [next(iter(item)) for item in items if isinstance(item, dict) and len(item) == 1]
    if len(single) < len(items) or any(
        not isinstance(value, str) for item in items for value in item.values()
    ):
        return False
    return len(set(single)) > 1


_END_OF_SENTENCE: Final = (".", "!", "?", ";", ",", ":")
_MAX_ITEM: Final = 100
_PARTED: Final = re.compile(r"[\s,;|]")
"""A line with one of these is more than a word."""


def _find_plain_items(texts: list[str], indents: set[int]) -> list[str] | None:
    """Lines that are items without bullets: single words, or under a heading with a colon."""
    head, *rest = texts
    if indents != {0} or any(not _is_item(text) for text in rest):
        return None
    if all(_is_item(text) and not _PARTED.search(text) for text in texts):
        return texts
    label, colon, first = head.partition(":")
    if not colon or (first and not first.startswith(" ")) or any(":" in text for text in rest):
        return None
    items = [first.strip(), *rest] if first.strip() else rest
    if first.strip():
        is_clear = " " in label.strip() and (len(items) > 2 or _are_names(items))  # noqa: PLR2004
    else:
        is_clear = len(items) > 1
    return items if is_clear and all(_is_item(item) for item in items) else None


def _are_names(items: list[str]) -> bool:
    """Whether two lines below a label are names rather than a sentence over two lines."""
    return all(len(item.split()) <= _WORDS and not item[0].islower() for item in items)


def _is_item(text: str) -> bool:
    return 0 < len(text) <= _MAX_ITEM and not text.endswith(_END_OF_SENTENCE) and not _BULLET.match(text)
