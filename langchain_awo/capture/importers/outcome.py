"""Whether a tool's output says that the call failed, for formats that have no place to say it.

`convert_to_openai_messages` drops the status of a `ToolMessage`, so the words must tell. Only what cannot be
read as an answer counts; "no such order" may be exactly what was asked. An output is an error if it is

- text that starts with `Error:`, `Exception:`, `Error executing tool`, `Traceback (most recent call last)`,
  a Python exception such as `ValueError: ...` or `KeyError('x')`, or that is LangChain's `x is not a valid tool, try one of`;
- an object whose `error` (or `isError`, `is_error`) is set and that holds nothing but the report: other keys are
  at most a message, a code, details and the like;
- an object with `success` or `ok` false that holds nothing but the report.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from langchain_awo.model.encoding import decode, dumps
from langchain_awo.model.trace import JSONValue

MAX_ERROR_TEXT: Final = 500
"""Longer reports are cut in `error`; the output keeps them whole."""

_ERROR_TEXT: Final = re.compile(
    r"""\s*(?:
        (?:error|exception|fatal\ error)\s*:
        | error\ (?:executing|invoking|calling|running|while|during)\b
        | traceback\ \(most\ recent\ call\ last\)
        | (?-i:(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception))[:(]
        | \S+\ is\ not\ a\ valid\ tool,\ try\ one\ of\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_FLAGS: Final = ("error", "isError", "is_error")
_VERDICTS: Final = ("success", "ok")
_REPORT_KEYS: Final = frozenset(
    {
        *_FLAGS,
        *_VERDICTS,
        *("message", "detail", "details", "description", "reason", "hint", "suggestion"),
        *("code", "status", "status_code", "error_code", "errorCode", "error_type", "errorType", "type"),
        *("content", "traceback", "stacktrace", "timestamp", "request_id"),
    }
)


def error_in(output: JSONValue) -> str | None:
    """What an output says went wrong, or `None` when it does not plainly say so.

    >>> error_in("Error: user not found"), error_in('{"error": "closed"}'), error_in("No events found.")
    ('Error: user not found', 'closed', None)
    """
    if isinstance(output, str) and _ERROR_TEXT.match(output):
        return output.strip()[:MAX_ERROR_TEXT]
    value = decode(output) if isinstance(output, str) and output.lstrip().startswith("{") else output
    return _reported(value) if isinstance(value, dict) and value.keys() <= _REPORT_KEYS else None


def _reported(report: Mapping[str, JSONValue]) -> str | None:
    failed = any(report.get(flag) for flag in _FLAGS) or any(report.get(key) is False for key in _VERDICTS)
    if not failed:
        return None
    words = next(
        (report[key] for key in ("error", "message", "detail", "reason") if _says(report.get(key))), None
    )
    return (words if isinstance(words, str) else dumps(words or dict(report)))[:MAX_ERROR_TEXT]


def _says(value: JSONValue) -> bool:
    return bool(value) and not isinstance(value, bool)
