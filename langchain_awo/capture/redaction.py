"""Secrets are masked before anything is stored, in a way that keeps the flow of data visible.

A secret becomes `<secret:1a2b3c4d>`, a keyed digest that is the same wherever the value occurs, so that "the token from the login is
what the later call sent" can still be seen, and the value cannot be had back: the key lives in the recorder's memory alone.
What is found under a secret-looking key is then masked in the whole trace, inside longer texts and under other keys too.
"""

from __future__ import annotations

import ast
import hashlib
import hmac
import json
import logging
import re
import secrets
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Final, TypeAlias

from langchain_awo.capture.secret_keys import looks_secret, may_name_secret, normalized, words_of
from langchain_awo.model.encoding import MAX_TEXT_TO_PARSE, loads, to_json
from langchain_awo.model.trace import (
    JSONValue,
    Message,
    ModelCallRecord,
    ToolCallRecord,
    Trace,
)

logger = logging.getLogger(__name__)

Mask: TypeAlias = bool | Collection[str] | Callable[[str, JSONValue], bool]
"""What is masked: with `True` secret-looking keys, with `False` nothing; keys, or a function of key and value, add to `True`."""

MIN_LENGTH: Final = 6
"""Shorter secrets are masked where they stand but not looked for elsewhere: they would be found everywhere."""

UNREADABLE: Final = "<not stored: masking failed>"

_MASKED: Final = re.compile(r"<secret:[0-9a-f]{8}>")
_SCHEME: Final = re.compile(r"(?i)^(bearer|basic|token|digest|apikey)\s+(?=\S)")
_IN_TEXT: Final = re.compile(
    r"""(?<![<\w-])(?P<key>(?:[A-Za-z][\w-]*[ ])?[A-Za-z][\w-]{1,40})["']?\s*(?P<sign>[:=]|\bis\b)\s*"""
    r"""["']?(?:(?:bearer|basic|token)\s+)?(?P<value>\d[\d -]{10,}\d|[^\s"',;&<>{}\[\]()]+)""",
    re.IGNORECASE,
)
_CREDENTIAL_LIKE: Final = re.compile(r"(?=.*\d)(?=.*[A-Za-z_\-]).{6,}|\S{16,}|\d[\d -]{4,}\d")


class Redactor:
    """Masks the secrets of traces; equal secrets have equal masks in all traces of one redactor."""

    def __init__(self, mask: Mask) -> None:
        self._active = mask is not False
        self._asked = mask if callable(mask) else None
        self._keys = frozenset() if isinstance(mask, bool) or callable(mask) else normalized(mask)
        self._digest_key = secrets.token_bytes(16)
        self._warned = False

    def redact(self, trace: Trace) -> Trace:
        """The trace with its secrets masked. Never raises: what cannot be masked is not stored."""
        if not self._active:
            return trace
        try:
            return _TraceMask(self).apply(trace)
        except Exception as error:  # noqa: BLE001  # what may show secrets is not stored, nor stops the others
            self._warn("masking a trace failed: its arguments and outputs are not stored", error)
            return _emptied(trace)

    def is_secret(self, key: str, value: JSONValue) -> bool:
        """Whether the value under a key is a secret."""
        if looks_secret(key) or (self._keys and words_of(key) in self._keys):
            return True
        if self._asked is None:
            return False
        try:
            return bool(self._asked(key, value))
        except Exception as error:  # noqa: BLE001  # in doubt it is a secret
            self._warn("the masking function failed: what it cannot judge is masked", error)
            return True

    def may_hold_secret(self, text: str) -> bool:
        """A quick look whether it is worth searching a text for named secrets."""
        return bool(self._keys) or self._asked is not None or may_name_secret(text)

    def surrogate(self, text: str) -> str:
        """What stands for a secret."""
        digest = hmac.new(self._digest_key, text.encode(), hashlib.sha256).hexdigest()
        return f"<secret:{digest[:8]}>"

    def _warn(self, message: str, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            logger.warning(message, exc_info=error)


class _TraceMask:
    """One trace: first all its secrets are collected, then every value is rewritten."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._any = False
        self._found: set[str] = set()
        self._anywhere: re.Pattern[str] | None = None

    def apply(self, trace: Trace) -> Trace:
        self._collect_from(trace)
        if not self._any:
            return trace
        if self._found:
            longest_first = sorted(self._found, key=lambda text: (-len(text), text))
            self._anywhere = re.compile("|".join(map(re.escape, longest_first)))
        return replace(
            trace,
            messages=tuple(self._message(message) for message in trace.messages),
            model_calls=tuple(self._model_call(call) for call in trace.model_calls),
            tool_calls=tuple(self._tool_call(call) for call in trace.tool_calls),
            metadata=self._masked(trace.metadata),
        )

    def _collect_from(self, trace: Trace) -> None:
        self._collect(trace.metadata)
        for message in trace.messages:
            self._collect(message.text)
        for call in trace.tool_calls:
            self._collect(call.args)
            self._collect(call.output)
            self._collect([call.error, *(attempt.error for attempt in call.attempts)])
        for model_call in trace.model_calls:
            self._collect([model_call.text, model_call.error])

    def _collect(self, value: JSONValue) -> None:
        if isinstance(value, dict):
            for _, name, item in _named_items(value):
                if self._redactor.is_secret(name, item):
                    self._any = True
                    self._remember_leaves(item)
                else:
                    self._collect(item)
        elif isinstance(value, list):
            for item in value:
                self._collect(item)
        elif isinstance(value, str) and self._redactor.may_hold_secret(value):
            parsed = _parse(value)
            if parsed is not None:
                self._collect(parsed[0])
            else:
                self._collect_from_text(value)

    def _remember_leaves(self, value: JSONValue) -> None:
        if isinstance(value, dict | list):
            for item in value.values() if isinstance(value, dict) else value:
                self._remember_leaves(item)
        elif _is_maskable(value):
            self._remember(_without_scheme(str(value)))

    def _collect_from_text(self, text: str) -> None:
        for match in self._secrets_in(text):
            self._any = True
            if _CREDENTIAL_LIKE.fullmatch(match["value"]):
                self._remember(match["value"])

    def _secrets_in(self, text: str) -> Iterator[re.Match[str]]:
        """`password: hunter2` and the like; after a mere "is", only what does not look like a word."""
        for match in _IN_TEXT.finditer(text):
            value = match["value"]
            certain = match["sign"] in ":=" or _CREDENTIAL_LIKE.fullmatch(value)
            if certain and self._redactor.is_secret(match["key"], value):
                yield match

    def _remember(self, text: str) -> None:
        if len(text) >= MIN_LENGTH and not _MASKED.fullmatch(text):
            self._found.add(text)

    def _masked(self, value: JSONValue) -> JSONValue:
        if isinstance(value, dict):
            return {
                self._masked_anywhere(key): self._masked_leaves(item)
                if self._redactor.is_secret(name, item)
                else self._masked(item)
                for key, name, item in _named_items(value)
            }
        if isinstance(value, list):
            return [self._masked(item) for item in value]
        if isinstance(value, str):
            return self._masked_text(value)
        known = isinstance(value, int | float) and str(value) in self._found
        return self._redactor.surrogate(str(value)) if known else value

    def _masked_leaves(self, value: JSONValue) -> JSONValue:
        if isinstance(value, dict):
            return {key: self._masked_leaves(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._masked_leaves(item) for item in value]
        if not _is_maskable(value) or _MASKED.search(str(value)):
            return value
        text = str(value)
        secret = _without_scheme(text)
        return text[: len(text) - len(secret)] + self._redactor.surrogate(secret)

    def _masked_text(self, text: str) -> str:
        known = self._anywhere is not None and self._anywhere.search(text) is not None
        if not known and not self._redactor.may_hold_secret(text):
            return text
        parsed = _parse(text)
        if parsed is not None:
            value, dump = parsed
            masked = self._masked(value)
            return dump(masked) if masked != value else self._masked_anywhere(text)
        for match in reversed(list(self._secrets_in(text))):
            start, end = match.span("value")
            text = text[:start] + self._redactor.surrogate(match["value"]) + text[end:]
        return self._masked_anywhere(text)

    def _masked_anywhere(self, text: str) -> str:
        if self._anywhere is None:
            return text
        return self._anywhere.sub(lambda match: self._redactor.surrogate(match[0]), text)

    def _message(self, message: Message) -> Message:
        return replace(message, text=self._masked_text(message.text))

    def _model_call(self, call: ModelCallRecord) -> ModelCallRecord:
        return replace(call, text=self._masked_text(call.text), error=self._masked(call.error))

    def _tool_call(self, call: ToolCallRecord) -> ToolCallRecord:
        return replace(
            call,
            args=self._masked(call.args),
            output=self._masked(call.output),
            error=self._masked(call.error),
            attempts=tuple(replace(attempt, error=self._masked(attempt.error)) for attempt in call.attempts),
        )


def _named_items(value: dict[str, JSONValue]) -> Iterator[tuple[str, str, JSONValue]]:
    """Key, what the value is called, and value; `{"name": "token", "value": "x"}` calls it `token`."""
    label = value.get("name", value.get("key"))
    for key, item in value.items():
        yield key, label if key == "value" and isinstance(label, str) else key, item


def _is_maskable(value: JSONValue) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""


def _without_scheme(text: str) -> str:
    """The token of an `Authorization` header, so that it equals the token that a login returned."""
    return _SCHEME.sub("", text)


def _parse(text: str) -> tuple[JSONValue, Callable[[JSONValue], str]] | None:
    """The value of JSON text or of a Python literal, and how to write it as text of the same kind again."""
    stripped = text.strip()
    if stripped[:1] not in ("{", "[", "(") or len(text) > MAX_TEXT_TO_PARSE:
        return None
    try:
        indent = 2 if "\n" in stripped else None
        ascii_only = stripped.isascii()
        return loads(stripped), lambda value: json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    except ValueError:
        pass
    try:
        return to_json(ast.literal_eval(stripped)), repr
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None


def _emptied(trace: Trace) -> Trace:
    """A trace without anything that a secret could be in."""
    return replace(
        trace,
        messages=tuple(replace(message, text=UNREADABLE) for message in trace.messages),
        model_calls=tuple(replace(call, text="", error=None) for call in trace.model_calls),
        tool_calls=tuple(
            replace(call, args={}, output=UNREADABLE, error=None, attempts=()) for call in trace.tool_calls
        ),
        metadata={},
    )
