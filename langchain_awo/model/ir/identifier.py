"""Names of plans as Python identifiers, and as keys that model providers accept."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Callable, Iterable
from itertools import chain, count
from typing import Final

MAX_KEY: Final = 64
"""Providers refuse a request in which a key of a schema, or the name of a tool, is longer."""

_KEY: Final = re.compile(rf"[a-zA-Z0-9_.-]{{1,{MAX_KEY}}}")


def is_identifier(name: str) -> bool:
    """Whether a name can stand in code as it is; only ASCII, because Python folds other letters."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name) and name != "__debug__"


def assign_identifiers(names: Iterable[str], *, taken: Iterable[str] = ()) -> dict[str, str]:
    """Each name with an identifier of its own that is like it; `step_1` and the like stay free for steps.

    >>> assign_identifiers(["email", "e-mail", "class", "e_mail", "step_1"])
    {'email': 'email', 'e-mail': 'e_mail', 'class': 'class_', 'e_mail': 'e_mail_', 'step_1': 'step_1_'}
    """
    used = set(taken)
    identifiers: dict[str, str] = {}
    for name in names:
        candidate = re.sub(r"\W", "_", name, flags=re.ASCII).lstrip("_0123456789") or "value"
        while (
            candidate in used
            or not is_identifier(candidate)
            or re.fullmatch(r"(step|part|arguments)_\d+", candidate)
        ):
            candidate += "_"
        used.add(candidate)
        identifiers[name] = candidate
    return identifiers


def assign_provider_keys(names: Iterable[str]) -> dict[str, str]:
    """Each key of an object with one that providers accept: itself where it is, else ASCII letters, digits and `_`.

    >>> assign_provider_keys(["e-mail", "prénom", "first name", "first_name"])
    {'e-mail': 'e-mail', 'first_name': 'first_name', 'prénom': 'prenom', 'first name': 'first_name_'}
    """
    listed = list(names)
    kept = {name: name for name in listed if _KEY.fullmatch(name)}
    others = (name for name in listed if name not in kept)
    return kept | assign_field_keys(others, is_free=lambda name: name not in kept)


def assign_field_keys(names: Iterable[str], *, is_free: Callable[[str], bool]) -> dict[str, str]:
    """Each name with a field of its own that is like it: at most 64 ASCII letters, digits and `_`, no digit first.

    Args:
        names: any texts.
        is_free: whether a field may have a name.
    """
    field_names: dict[str, str] = {}
    used: set[str] = set()
    for name in names:
        field_names[name] = next(
            candidate
            for candidate in _propose_identifiers(name)
            if candidate not in used and is_free(candidate)
        )
        used.add(field_names[name])
    return field_names


def _propose_identifiers(name: str) -> Iterable[str]:
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    base = re.sub(r"\W+" if not name.isascii() else r"\W", "_", ascii_only).lstrip("_0123456789") or "value"
    endings = chain(["", "_"], (f"_{number}" for number in count(2)))
    return (base[: MAX_KEY - len(ending)] + ending for ending in endings)
