"""Names of plans as Python identifiers."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable


def is_identifier(name: str) -> bool:
    """Whether a name can stand in code as it is; only ASCII, because Python folds other letters."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name) and name != "__debug__"


def identifiers(names: Iterable[str], *, taken: Iterable[str] = ()) -> dict[str, str]:
    """Each name with an identifier of its own that is like it; `step_1` and the like stay free for steps.

    >>> identifiers(["email", "e-mail", "class", "e_mail", "step_1"])
    {'email': 'email', 'e-mail': 'e_mail', 'class': 'class_', 'e_mail': 'e_mail_', 'step_1': 'step_1_'}
    """
    used = set(taken)
    found: dict[str, str] = {}
    for name in names:
        candidate = re.sub(r"\W", "_", name, flags=re.ASCII).lstrip("_0123456789") or "value"
        while (
            candidate in used
            or not is_identifier(candidate)
            or re.fullmatch(r"(step|part|arguments)_\d+", candidate)
        ):
            candidate += "_"
        used.add(candidate)
        found[name] = candidate
    return found
