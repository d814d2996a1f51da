"""What is masked: the user's rules over the defaults."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from langchain_awo.capture.redaction.personal import PERSONAL_KEYS, find_personal_data
from langchain_awo.errors import MaskError
from langchain_awo.model.ir.option_kinds import FLAG, check_options
from langchain_awo.model.secrets import Detector
from langchain_awo.model.secrets.detection import get_default_detector, join_spans
from langchain_awo.model.secrets.names import normalize_keys, split_words
from langchain_awo.model.secrets.sentences import is_credible
from langchain_awo.model.secrets.shapes import Span
from langchain_awo.model.text.backtracking import repeats_inside_a_repeat
from langchain_awo.model.text.json_value import JSONValue

logger = logging.getLogger(__name__)

Judge: TypeAlias = Callable[[str, JSONValue], bool]
"""Says of a key and its value whether the value is secret; elements of a list have the key of the list."""

PIECE: Final = 20_000
"""Patterns of the user see a text in pieces of so many characters, so that a slow one stays bearable."""

_OVERLAP: Final = 1_000
_NAMED: Final = re.compile(
    r"(?<![\w-])([A-Za-z][\w-]{1,40})[\"']?[ \t]*[:=][ \t]*[\"']?([^\s\"',;&<>{}\[\]()]+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskRules:
    """What is masked besides, or in spite of, the defaults.

    Attributes:
        keys: names whose values are secret, in any spelling.
        patterns: regular expressions; what they match in a text is secret, or their group `secret` if they have one.
        judge: a function of key and value that says what else is secret. If it fails, the value is masked.
        personal: whether e-mail addresses, telephone, card and account numbers, IP addresses and what is under
            `personal_keys` are masked.
        personal_keys: names of personal data.
        entropy: whether random text is taken for a secret.
        allow_keys: names whose values are no secrets for their name.
        allow_values: texts that are no secrets.

    Raises:
        MaskError: a pattern is no regular expression, or one word is given where several are expected.
    """

    keys: Collection[str] = ()
    patterns: Collection[str | re.Pattern[str]] = ()
    judge: Judge | None = None
    personal: bool = False
    personal_keys: Collection[str] = PERSONAL_KEYS
    entropy: bool = True
    allow_keys: Collection[str] = ()
    allow_values: Collection[str] = ()

    def __post_init__(self) -> None:
        for name in ("keys", "patterns", "personal_keys", "allow_keys", "allow_values"):
            _check_collection(name, getattr(self, name))
        for pattern in self.patterns:
            _check_pattern(pattern)
        check_options(
            {"personal": FLAG, "entropy": FLAG}, {"personal": self.personal, "entropy": self.entropy}
        )
        if self.judge is not None and not callable(self.judge):
            raise MaskError(f"judge must be a function of key and value, not {type(self.judge).__name__}")


Mask: TypeAlias = bool | Collection[str] | Judge | MaskRules
"""What is masked: with `True` what looks like a secret, with `False` nothing; keys, a function of key and value, or rules add to `True`."""


def resolve_rules(mask: Mask) -> MaskRules | None:
    """The rules that `mask=` means, `None` when nothing is to be masked."""
    if isinstance(mask, MaskRules):
        return mask
    if isinstance(mask, bool):
        return MaskRules() if mask else None
    if callable(mask):
        return MaskRules(judge=mask)
    return MaskRules(keys=[mask] if isinstance(mask, str) else mask)


def _check_collection(name: str, given: object) -> None:
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Collection):
        raise MaskError(f"{name} must be a list of texts, such as {name}=[{given!r:.60}]")
    odd = next((each for each in given if not isinstance(each, str | re.Pattern)), None)
    if odd is not None:
        raise MaskError(f"{name} must be a list of texts; {odd!r:.60} is {type(odd).__name__}")


def _check_pattern(pattern: str | re.Pattern[str]) -> None:
    """Refuses what would fail, or never end, while an agent is being recorded."""
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise MaskError(
            f"the pattern {pattern!r} is not a regular expression: {error}; use re.escape() for plain text"
        ) from error
    if not isinstance(compiled.pattern, str):
        raise MaskError(f"the pattern {pattern!r} is one of bytes; write it as text")
    if compiled.match(""):
        raise MaskError(f"the pattern {compiled.pattern!r} matches an empty text; use + instead of *")
    if repeats_inside_a_repeat(compiled):
        raise MaskError(
            f"the pattern {compiled.pattern!r} repeats what repeats already, which may take forever on some texts; "
            "write a+ instead of (a+)+, and give the inner part an end that the outer one does not have"
        )


class RuledDetector:
    """A detector that knows the user's rules."""

    def __init__(self, rules: MaskRules) -> None:
        personal = rules.personal_keys if rules.personal else ()
        keys = (*rules.keys, *personal)
        plain = not (keys or rules.allow_keys) and rules.entropy
        self._detector = (
            get_default_detector()
            if plain
            else Detector(keys, allow_keys=rules.allow_keys, entropy=rules.entropy)
        )
        self._patterns = [re.compile(pattern) for pattern in rules.patterns]
        self._judge, self._personal = rules.judge, rules.personal
        self._allowed = frozenset(rules.allow_values)
        self._allowed_keys = normalize_keys(rules.allow_keys)
        self._looks_at_all = bool(self._patterns or self._judge or self._personal)
        self._warned = False

    def may_hold(self, text: str) -> bool:
        """A quick look whether it is worth searching."""
        return self._looks_at_all or self._detector.may_hold(text)

    def is_secret(self, key: str, value: JSONValue) -> bool:
        """Whether everything in a value is secret because of its key, or because the user says so."""
        claim = self._detector.claim(key)
        if claim == "any" or (claim and _is_scalar(value) and is_credible(str(value), claim)):
            return True
        return self._judge is not None and self._judged(key, value)

    def names_secrets(self, key: str) -> bool:
        """Whether a column of this name holds secrets."""
        return self._detector.claim(key) in ("any", "text")

    def is_allowed(self, text: str) -> bool:
        """Whether the user says that a text is none."""
        return text in self._allowed

    def spans(self, text: str, key: str = "") -> list[Span]:
        """Where the secrets of a text are, in order and without overlaps."""
        found = self._detector.spans(text, key)
        if self._looks_at_all:
            found = join_spans([*found, *self._ruled(text)], text)
        if self._allowed:
            found = [(start, end) for start, end in found if text[start:end] not in self._allowed]
        return found

    def _ruled(self, text: str) -> Iterator[Span]:
        for pattern in self._patterns:
            yield from _find_matches(pattern, text)
        if self._personal:
            yield from find_personal_data(text)
        if self._judge is not None:
            for match in _NAMED.finditer(text):
                if split_words(match[1]) not in self._allowed_keys and self._judged(match[1], match[2]):
                    yield match.span(2)

    def _judged(self, key: str, value: JSONValue) -> bool:
        try:
            return bool(self._judge and self._judge(key, value))
        except Exception as error:  # noqa: BLE001  # in doubt it is a secret
            if not self._warned:
                self._warned = True
                logger.warning(  # what the error says may be the secret
                    "the masking function failed with %s; what it cannot judge is masked",
                    type(error).__name__,
                )
            return True


def _is_scalar(value: JSONValue) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _find_matches(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for start in range(0, max(1, len(text)), PIECE):
        for match in pattern.finditer(text, max(0, start - _OVERLAP), start + PIECE):
            name = "secret" if "secret" in pattern.groupindex and match["secret"] is not None else 0
            yield match.span(name)
