"""Secrets are masked before anything is stored, in a way that keeps the flow of data visible.

A secret becomes `<secret:0123456789abcdef>`, a keyed fingerprint that is the same wherever the value occurs, so that "the token from
the login is what the later call sent" can still be seen, and the value cannot be had back without the key, which stays with the user.
What was found once is then masked in the whole trace, inside longer texts and under other keys too.
"""

from langchain_awo.capture.redaction.fingerprint import KEY_VARIABLE, MaskKey, use_given_key, use_key_beside
from langchain_awo.capture.redaction.redactor import UNREADABLE, Redactor
from langchain_awo.capture.redaction.rules import Mask, MaskRules

__all__ = [
    "KEY_VARIABLE",
    "UNREADABLE",
    "Mask",
    "MaskKey",
    "MaskRules",
    "Redactor",
    "use_given_key",
    "use_key_beside",
]
