"""How texts name a secret: `password=X`, `Authorization: Bearer X`, `<token>X</token>`, `my PIN is X` and their like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from langchain_awo.model.secrets import vocabulary
from langchain_awo.model.secrets.names import Claim
from langchain_awo.model.secrets.shapes import Span

MAX_VALUE: Final = 4096
"""A quoted secret whose end is further away, in characters, ends with its line."""

_QUOTE: Final = r"(?:\\*(?:\"{3}|'{3}|[\"'`])|&quot;|&\#3[49];|%2[27])"
_CERTAIN: Final = re.compile(
    rf"\]?{_QUOTE}?\]?[ \t]*(?:=>|:=|:{{1,2}}|={{1,3}}|%3[AaDd])[ \t]*"  # password=, "password": , user[password]=
    r"|[ \t]+(?:is|was|be|=)[ \t]*:[ \t]*"  # password is: X
    rf"|\([ \t]*(?=[bruf]?{_QUOTE})"  # set_password("X")
    rf"|[ \t]+(?=[\"'])"  # PASSWORD 'X'
    rf"|{_QUOTE}[^<>\n]{{0,80}}?\bvalue\\*[\"']?[ \t]*[=:][ \t]*(?={_QUOTE})"  # name="password" value="X"
)
_LIKELY: Final = re.compile(
    r"[ \t]+(?:is|was|be|to|as)[ \t]+"  # my password is X
    r"|[ \t]+(?:for|of|you|that|which|on|in)\b[^\n:=]{0,40}?(?:[ \t]is|:|=)[ \t]*"  # the token for ann: X
    r"|[ \t]*\|[ \t]*"  # | password | X |
    r"|[ \t]+\(?"  # token X
)
_PAIR: Final = re.compile(rf"{_QUOTE}[ \t]*,[ \t]*(?={_QUOTE})")  # ("password", "X")
_TAG: Final = re.compile(r"<(?:\w{1,20}:)?$")
_INSIDE_TAG: Final = re.compile(r"[^<>\n]{0,200}(?<!/)>[ \t\r\n]*(?:<!\[CDATA\[)?(?P<secret>[^<\]]{1,4096})")
_BLOCK: Final = re.compile(r"[|>][+-]?\d?[ \t]*\r?\n(?P<secret>(?:[ \t]+\S[^\n]{0,4096}(?:\n|\Z))+)")
_NEXT_LINE: Final = re.compile(r"\r?\n[ \t]*(?P<secret>\S+)[ \t]*(?=\r?\n|\Z)")
_OPENING: Final = re.compile(rf"[\[({{ \t]*[bruf]{{0,2}}(?P<quote>{_QUOTE})|[\[({{ \t]+")
_AGAIN: Final = re.compile(rf"[ \t]*,[ \t]*(?={_QUOTE})")
_SCHEME: Final = re.compile(
    rf"(?:{'|'.join(sorted(vocabulary.SCHEMES, key=len, reverse=True))})[ \t]+(?=\S)", re.IGNORECASE
)
_PARTED: Final = re.compile(r"(?:digest|hawk|oauth|signature|aws4-hmac-sha256)[ \t]+(?=\S+=)", re.IGNORECASE)
_BARE: Final = re.compile(r"\d[\d -]{10,30}\d(?![\w-])|(?:[^\s\"'`<>\\]|\\(?![nrtbf\"'`\\]))+")
_STOP: Final = re.compile(
    r"&(?:amp;)?[\w.\[\]-]{1,60}=|&(?:quot|lt|gt|#\d+);|%26|[,;|](?=\s|$|[\w.-]{1,60}\s?[:=])|[,;]$"
)
_COOKIE: Final = re.compile(r"(?P<name>[^\s=;,\"']{1,80})=(?P<secret>[^\s;,\"'\\]+)")
_COOKIE_SAYS: Final = frozenset({"path", "domain", "expires", "max-age", "samesite", "priority", "version"})
_CLOSERS: Final = {")": "(", "]": "[", "}": "{"}

CREDENTIAL_LIKE: Final = re.compile(
    r"(?=[^\d]{0,60}\d)(?=[^A-Za-z]{0,60}[A-Za-z])[^\s/]{6,}|(?=\S{0,60}[A-Z0-9!@#$%^&*+=~])(?=\S{0,60}[a-z])\S{16,}|\d[\d -]{2,}\d"
)
"""What a password or a key looks like rather than a word."""

_LONG_CREDENTIAL: Final = re.compile(r"(?=[^\d]{0,60}\d)(?=[^A-Za-z]{0,60}[A-Za-z])[\w+/=.~%-]{10,}")
_DIGITS: Final = re.compile(r"(?:\D*\d){12,19}\D*")
_PLACEHOLDER: Final = re.compile(
    r"\$?\{+[^{}]*\}+|(?-i:\$[A-Z_]+)|<[^<>]*>|[*•]+|[.x_-]{3,}|\[[A-Za-z ]+\]|%\(?\w*\)?s", re.IGNORECASE
)


def is_credible(value: str, claim: Claim) -> bool:
    """Whether a text under a key that claims it to be secret is one, and not a state, a placeholder or nothing."""
    if not value.strip() or _PLACEHOLDER.fullmatch(value):
        return False
    if claim == "card":
        return _DIGITS.fullmatch(value) is not None
    if claim == "credential":
        return _LONG_CREDENTIAL.fullmatch(value) is not None
    return claim == "any" or value.strip(" .,;:!?").lower() not in vocabulary.STATES


def find_secret_parts(text: str, name: str) -> list[Span]:
    """The secret parts of the whole value of a key: the token after its scheme, the values of cookies, else all of it."""
    if "cookie" in name.lower() and "=" in text:
        return _find_cookies(text, 0, len(text))
    start = len(text) - len(text.lstrip())
    scheme = _SCHEME.match(text, start) or _PARTED.match(text, start)
    start = scheme.end() if scheme else start
    end = len(text.rstrip())
    return [(start, end)] if end > start else []


def find_announced_values(text: str, left: int, right: int, claim: Claim) -> list[Span]:
    """The secrets that the name between two places announces."""
    if text[left - 1 : left] in ("<", ":") and _TAG.search(text, max(0, left - 24), left):
        inside = _INSIDE_TAG.match(text, right)
        return _keep_credible(text, [inside.span("secret")] if inside else [], claim, certain=True)
    if sign := _CERTAIN.match(text, right):
        return _keep_credible(text, _find_values(text, sign.end(), text[left:right]), claim, certain=True)
    if text[left:right].startswith("-") and (blank := re.compile(r"[ \t]+(?!-)").match(text, right)):
        return _keep_credible(text, _find_values(text, blank.end(), text[left:right]), claim, certain=True)
    likely = _LIKELY if claim in ("any", "card") else _PAIR
    if sign := _PAIR.match(text, right) or likely.match(text, right):
        return _keep_credible(text, _find_values(text, sign.end(), text[left:right]), claim, certain=False)
    return []


def _keep_credible(text: str, spans: list[Span], claim: Claim, *, certain: bool) -> list[Span]:
    return [
        (start, end)
        for start, end in spans
        if is_credible(text[start:end], claim)
        and (
            text[start:end].lower() not in vocabulary.STATES
            if certain
            else CREDENTIAL_LIKE.fullmatch(text[start:end])
        )
    ]


def _find_values(text: str, place: int, name: str) -> list[Span]:
    if block := _BLOCK.match(text, place):
        return [_strip_spaces(text, *block.span("secret"))]
    if following := _NEXT_LINE.match(text, place):
        found = following.span("secret")
        return [found] if CREDENTIAL_LIKE.fullmatch(text[slice(*found)]) else []
    opening = _OPENING.match(text, place)
    if opening is None:
        return _find_unquoted(text, place, name)
    if opening["quote"] is None:
        return _find_unquoted(text, opening.end(), name)
    return list(_find_quoted(text, opening.end(), opening["quote"], name))


def _find_quoted(text: str, start: int, quote: str, name: str) -> Iterator[Span]:
    """What is in quotes, and further quoted texts of the same list."""
    end = _find_closing(text, start, quote)
    if end is None:
        yield from _find_unquoted(text, start, name)
        return
    yield from ((start + one, start + other) for one, other in find_secret_parts(text[start:end], name))
    again = _AGAIN.match(text, end + len(quote))
    if again and text[start - len(quote) - 1 : start - len(quote)] in ("[", "("):
        for each in _find_quoted(text, again.end() + len(quote), quote, name):
            yield each
            break


def _find_closing(text: str, start: int, quote: str) -> int | None:
    limit = min(len(text), start + MAX_VALUE)
    place = text.find(quote, start, limit)
    while place > 0 and len(quote) == 1 and text[place - 1] == "\\" and place > start:
        place = text.find(quote, place + 1, limit)
    return place if place >= 0 else None


def _find_unquoted(text: str, place: int, name: str) -> list[Span]:
    if "cookie" in name.lower():
        line = re.compile(r"[^\n\"']{0,4096}").match(text, place)
        found = _find_cookies(text, place, line.end()) if line else []
        if found:
            return found
    if text.startswith("-----BEGIN", place):
        return []  # known by its shape
    if parted := _PARTED.match(text, place):
        line = re.compile(r"[^\n\\]{0,4096}").match(text, parted.end())
        return [_strip_spaces(text, *line.span())] if line else []
    scheme = _SCHEME.match(text, place)
    bare = _BARE.match(text, scheme.end() if scheme else place)
    return [_trim_value(text, *bare.span())] if bare else []


def _find_cookies(text: str, start: int, end: int) -> list[Span]:
    pairs = _COOKIE.finditer(text, start, end)
    return [pair.span("secret") for pair in pairs if pair["name"].lower() not in _COOKIE_SAYS]


def _trim_value(text: str, start: int, end: int) -> Span:
    """A bare value without what only follows it: further arguments, closing brackets, the full stop."""
    if stop := _STOP.search(text, start, end):
        end = stop.start()
    while end > start:
        last = text[end - 1]
        if last in ".,;:?" or (
            last in _CLOSERS and text.count(_CLOSERS[last], start, end) < text.count(last, start, end)
        ):
            end -= 1
        else:
            break
    return start, end


def _strip_spaces(text: str, start: int, end: int) -> Span:
    value = text[start:end]
    return start + len(value) - len(value.lstrip()), start + len(value.rstrip())
