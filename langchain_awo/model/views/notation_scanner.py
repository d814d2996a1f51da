"""The words of the notation: what stands at a place of a text, and an error that names the place and the fix."""

from __future__ import annotations

import json
import re
from typing import Final, NoReturn

from langchain_awo.errors import NotationError
from langchain_awo.model.text.encoding import MAX_DEPTH, loads
from langchain_awo.model.text.json_text import exceeds_depth
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.views.notation_words import PLAIN_NAME, PLAIN_SEGMENT

NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
DIGITS: Final = re.compile(r"[0-9]{1,9}")
_PLAIN_TEXT: Final = re.compile(r'(?:[^"\\{}\n]|\\.|\{\{|\}\})*')
_DECODER: Final = json.JSONDecoder()
_SHOWN: Final = 20
"""So many characters of a text that cannot be read are named."""


class Scanner:
    """A text and how far it is read.

    Attributes:
        at: position of the next character.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def is_at_end(self) -> bool:
        """Whether all is read."""
        return self.at >= len(self.text)

    def fail(self, wanted: str, *, fix: str = "") -> NoReturn:
        """Says what should stand here instead.

        Raises:
            NotationError: always.
        """
        line = self.text.count("\n", 0, self.at) + 1
        column = self.at - self.text.rfind("\n", 0, self.at)
        rest = self.text[self.at : self.at + _SHOWN].partition("\n")[0]
        problem = f"expected {wanted}, found {rest!r}" if rest else f"expected {wanted}, and the line ends"
        raise NotationError(f"{problem}; {fix}" if fix else problem, line=line, column=column)

    def take(self, token: str) -> bool:
        """Reads a token if it stands here."""
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True

    def expect(self, token: str, *, fix: str = "") -> None:
        """Reads a token that must stand here."""
        if not self.take(token):
            self.fail(repr(token), fix=fix)

    def skip_spaces(self) -> None:
        """Reads over spaces."""
        while self.take(" "):
            pass

    def match(self, pattern: re.Pattern[str]) -> str:
        """Reads what a pattern matches here; `""` if it does not."""
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found[0] if found else ""

    def integer(self) -> int:
        """Reads a number without sign."""
        return int(self.match(DIGITS) or self.fail("a number"))

    def number(self) -> JSONValue:
        """Reads a number of JSON."""
        start, found = self.at, self.match(NUMBER) or self.fail("a number")
        try:
            return loads(found)
        except ValueError:  # Python reads no integer of thousands of digits
            self.at = start
            self.fail("a shorter number")

    def json(self) -> JSONValue:
        """Reads a value in JSON, as `loads` does."""
        try:
            end = _DECODER.raw_decode(self.text, self.at)[1]
            value = loads(self.text[self.at : end])
        except (ValueError, RecursionError):
            self.fail("a value in JSON", fix='texts stand in double quotes, such as "open"')
        if exceeds_depth(value):
            self.fail(f"a value of at most {MAX_DEPTH} levels")
        self.at = end
        return value

    def quoted(self) -> str:
        """Reads a text in quotes, as JSON writes it."""
        text = self.json() if self.text.startswith('"', self.at) else None
        return text if isinstance(text, str) else self.fail("a text in double quotes")

    def name(self, what: str) -> str:
        """Reads a name, plain or in quotes."""
        if self.text.startswith('"', self.at):
            return self.quoted()
        return self.match(PLAIN_NAME) or self.fail(
            what, fix="put a name that is no plain word in double quotes"
        )

    def key(self) -> str:
        """Reads the name of a member; in quotes, its braces are doubled."""
        if not self.take('"'):
            return self.name("the name of a member")
        key = self.plain_text()
        self.expect('"')
        return key

    def path(self) -> str:
        """Reads the segments that follow, each behind its slash."""
        path = ""
        while self.take("/"):
            quoted = self.text.startswith('"', self.at)
            path += "/" + (self.quoted() if quoted else self.match(PLAIN_SEGMENT))
        return path

    def plain_text(self) -> str:
        """Reads fixed text inside quotes, up to the closing one or a single brace."""
        found = self.match(_PLAIN_TEXT)
        try:
            text = loads(f'"{found}"')
        except ValueError:
            self.fail("a text in JSON", fix="write a backslash twice")
        return str(text).replace("{{", "{").replace("}}", "}")
