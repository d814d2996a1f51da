"""The key of the masks: it stays with the user and is never part of a trace."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from langchain_awo.errors import MaskError
from langchain_awo.model.secrets.mask import mask_of

logger = logging.getLogger(__name__)

MaskKey: TypeAlias = str | bytes
"""The key of the masks, at least 16 bytes; text counts as UTF-8."""

KEY_VARIABLE: Final = "AWO_MASK_KEY"
"""The environment variable that holds the key."""

MIN_KEY: Final = 16
"""A shorter key, in bytes, could be guessed, and with it every secret that is short."""

_NEW_KEY: Final = 32


class Fingerprint:
    """Masks by HMAC-SHA256. The key is looked for when the first secret is masked: an agent without secrets needs none.

    Args:
        key: what finds or makes the key.
    """

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._find = key
        self._key: bytes | None = None

    def mask(self, text: str) -> str:
        """What stands for a secret."""
        if self._key is None:
            self._key = self._find()
        return mask_of(hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest())


def use_given_key(key: MaskKey) -> Callable[[], bytes]:
    """A key that the user gives.

    Raises:
        MaskError: it is too short.
    """
    raw = key.encode() if isinstance(key, str) else bytes(key)
    if len(raw) < MIN_KEY:
        raise MaskError(
            f"the key of the masks has {len(raw)} bytes; give at least {MIN_KEY}, such as secrets.token_hex(32)"
        )
    return lambda: raw


def use_key_beside(store: str) -> Callable[[], bytes]:
    """The key from the environment, else from the file beside a store, which is made if there is none.

    Args:
        store: path or URL of the store; without a file of its own the key lives as long as the process.
    """
    return lambda: _read_environment() or _read_key_file(store) or secrets.token_bytes(_NEW_KEY)


def _read_environment() -> bytes | None:
    text = os.environ.get(KEY_VARIABLE, "")
    if text and len(text.encode()) < MIN_KEY:
        logger.warning("%s is shorter than %d bytes and is ignored", KEY_VARIABLE, MIN_KEY)
        return None
    return text.encode() or None


def locate_key_file(store: str) -> Path | None:
    """Where the key of a store is kept: beside it, with `.key` added to its name."""
    path = store.removeprefix("sqlite:///")
    return None if not path or "://" in path or path.startswith(":") else Path(f"{path}.key")


def _read_key_file(store: str) -> bytes | None:
    path = locate_key_file(store)
    if path is None:
        return None
    try:
        if not path.exists():
            _make(path)
        return _read(path)
    except (OSError, ValueError) as error:
        logger.warning(
            "the key of the masks cannot be kept in %s: %s; masks of this process will differ from those of others. Set %s instead.",
            path,
            error,
            KEY_VARIABLE,
        )
        return None


def _make(path: Path) -> None:
    """Makes a key file whole or not at all; of several processes that try at once one wins."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_NEW_KEY) + "\n")
        try:
            os.link(part, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            part.rename(path)
    finally:
        part.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    key = path.read_text(encoding="ascii").strip().encode()
    if len(key) < MIN_KEY:
        raise ValueError(f"it holds {len(key)} bytes, not the {MIN_KEY} that a key needs")
    if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        logger.warning("%s can be read by others; chmod 600 it", path)
    return key
