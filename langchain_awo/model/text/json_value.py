"""The one name of what JSON can hold."""

from __future__ import annotations

from typing import Any, TypeAlias

JSONValue: TypeAlias = Any
"""`None`, `bool`, `int`, `float`, `str`, or lists and string-keyed dictionaries of these."""
