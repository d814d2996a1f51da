"""Resume tokens: the name of a run, and a keyed signature over it and over what it may be resumed by.

A token passes through messages, which hosts store, clients send back and others may read. It is good for one thread, one user
and one meta-tool; without the key nobody can make one.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from langchain_awo.errors import ConfigError
from langchain_awo.model.text.encoding import dumps

VARIABLE: Final = "AWO_SIGNING_KEY"
"""Environment variable with a key that several processes share."""

SHORTEST_KEY: Final = 16
_ID: Final = 16
_MAC: Final = 24
_OF_THE_PROCESS: Final = secrets.token_bytes(32)
_given: Final[ContextVar[bytes | None]] = ContextVar("awo_signing_key", default=None)


def encode_key(key: str | bytes, where: str) -> bytes:
    """A key that was given, as bytes.

    Raises:
        ConfigError: it is too short to keep anybody out.
    """
    encoded = key.encode() if isinstance(key, str) else key
    if len(encoded) < SHORTEST_KEY:
        raise ConfigError(
            f"{where} has {len(encoded)} bytes; give at least {SHORTEST_KEY}, such as secrets.token_hex(32) makes"
        )
    return encoded


def check_environment() -> None:
    """Finds out early whether the environment has a key that cannot be used.

    Raises:
        ConfigError: it is too short.
    """
    if key := os.environ.get(VARIABLE):
        encode_key(key, VARIABLE)


@contextmanager
def signed_with(key: bytes | None) -> Iterator[None]:
    """Signs with a key what is signed in this context; `None` leaves the choice as it is."""
    if key is None:
        yield
        return
    token = _given.set(key)
    try:
        yield
    finally:
        _given.reset(token)


def sign(run: str, *bound: str) -> str:
    """The token of a run, bound to what it may be resumed by."""
    return run + _compute_mac(run, bound)


def verify(token: str, *bound: str) -> str | None:
    """The run that a token names, or `None` if it was not signed for this."""
    run, mac = token[:_ID], token[_ID:]
    is_ours = hmac.compare_digest(mac.encode(errors="replace"), _compute_mac(run, bound).encode())
    return run if is_ours else None


def _compute_mac(run: str, bound: tuple[str, ...]) -> str:
    text = dumps([run.encode(errors="replace").decode(), *bound])
    return hmac.new(_get_key(), text.encode(), hashlib.sha256).hexdigest()[:_MAC]


def _get_key() -> bytes:
    return _given.get() or os.environ.get(VARIABLE, "").encode() or _OF_THE_PROCESS
