"""What is stored instead of a secret."""

from __future__ import annotations

import re
from typing import Final

from langchain_awo.model.text.json_value import JSONValue

MASK_DIGITS: Final = 16
"""Hexadecimal digits of a mask: 64 bits, so that a billion secrets have different masks."""

MASK: Final = re.compile(r"<secret:[0-9a-f]{8,64}>")
"""A mask, also one of another length."""


MASK_START: Final = "<secret:"


def mask_of(fingerprint: str) -> str:
    """The mask with a fingerprint of at least `MASK_DIGITS` hexadecimal digits."""
    return f"{MASK_START}{fingerprint[:MASK_DIGITS]}>"


def blank_masks(text: str) -> str:
    """The text with blanks for its masks, so that their digits are nothing that anybody wrote; places stay what they are."""
    return MASK.sub(lambda mask: " " * len(mask[0]), text) if MASK_START in text else text


def contains_mask(value: JSONValue) -> bool:
    """Whether a mask, or the beginning of one, is anywhere in a value: whoever sends it sends no secret but a placeholder.

    >>> contains_mask({"headers": ["Bearer <secret:0123456789abcdef>"]}), contains_mask("<secret>")
    (True, False)
    """
    if isinstance(value, str):
        return MASK_START in value
    if isinstance(value, dict):
        return any(contains_mask(each) for pair in value.items() for each in pair)
    return isinstance(value, list | tuple) and any(contains_mask(each) for each in value)
