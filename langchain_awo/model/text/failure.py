"""Whether a tool's output says that the call failed, for tools that tell it in words: one rule for import, capture and run.

What can be nothing but the report of a failure is a failure, exactly as if the tool had raised. What may be one, or may be
the very thing that was asked for, is a doubt: reads go on, no write does. "No such order" is an answer.

| output | reading |
|---|---|
| text that begins with `Error:`, `Error executing`, `Failed to`, `Traceback`, `ValueError: ...`, `404 Not Found`, ... | failure |
| the same, and several lines begin so: a log, a list of errors | doubt |
| text that begins with `Cannot`, `Unable to`, `Permission denied`, `Invalid`, ... | doubt |
| an object whose `error`, `errors` or `isError` is set, whose `success` or `ok` is false, whose `status` is `error` or `failed`, and that holds nothing but the report: a message, a code, details and the like | failure |
| the same beside other members, but not a `status` of `failed` that no message explains: records have such | doubt |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from langchain_awo.model.text.json_text import dumps, loads
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.python_text import read_python

MAX_ERROR_TEXT: Final = 500
"""Longer reports are cut; the output keeps them whole."""

_MAX_REPORT: Final = 20_000
"""Longer texts, in characters, are not read as reports."""

_FAILURE: Final = re.compile(
    r"""[\s*#>\[(!⚠❌✗✘️-]*(?:
        (?:fatal\ |critical\ |internal\ |server\ |tool\ |api\ |http\ |validation\ |runtime\ )?
            (?:error|exception|failure)(?:\ code)?(?:\ *\[?[\w.-]{1,20}\]?|\ *\([^)\n]{1,60}\))?\]?\)?\**\s*:(?!\s*(?:none|null|0|no\b)\W*$)
        | error\ (?:executing|invoking|calling|running|while|during|in\ tool)\b
        | (?:has\ )?failed\ (?:to\ \w|with\ |because\ |due\ to\ |:)
        | failed\s*[:!-]
        | traceback\ \(most\ recent\ call\ last\)
        | (?-i:(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception))[:(]
        | (?:http(?:/[\d.]+)?\ )?(?:status\ )?[45]\d\d\b\ (?:bad|unauthorized|forbidden|not\ found|conflict|gone|too\ many|internal|bad\ gateway|service|gateway)
        | \S{1,200}\ is\ not\ a\ valid\ tool,\ try\ one\ of\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_DOUBT: Final = re.compile(
    r"""[\s*#>\[(!⚠❌✗✘️-]*(?:
        (?:sorry|unfortunately)\b
        | (?:cannot|can\ ?not|can't|could\ not|couldn't|unable\ to|not\ (?:allowed|permitted|authorized|possible))\b
        | (?:permission|access|request|operation)\ (?:was\ )?(?:denied|refused|rejected|failed)\b
        | (?:unauthorized|forbidden|denied|rejected|aborted|refused|timed\ out|timeout|rate\ limit)\b
        | invalid\b
        | (?:warning|error)\b\s*[-\u2013\u2014]
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_FLAGS: Final = ("error", "errors", "isError", "is_error", "exception")
_VERDICTS: Final = ("success", "ok", "succeeded")
_STATES: Final = ("status", "state", "result", "outcome")
_BAD_STATES: Final = frozenset({"error", "failed", "failure", "fail"})
_WORDS: Final = (
    "error",
    "errors",
    "exception",
    "message",
    "msg",
    "detail",
    "details",
    "reason",
    "description",
)
_REPORT_KEYS: Final = frozenset(
    {
        *(*_FLAGS, *_VERDICTS, *_STATES, *_WORDS),
        *("hint", "suggestion", "content", "traceback", "stacktrace", "timestamp", "request_id", "requestId"),
        *(
            "code",
            "status_code",
            "statusCode",
            "error_code",
            "errorCode",
            "error_type",
            "errorType",
            "type",
            "title",
        ),
        *("jsonrpc", "path", "instance"),
    }
)
_CODES: Final = ("status", "status_code", "statusCode")
_TELLING: Final = frozenset({*_FLAGS, *_VERDICTS, *_STATES, *_CODES})
"""An object with none of these members says nothing of a failure."""

_EMPTY_KEYS: Final = frozenset({"data", "result", "results", "output", "value", "body"})
"""Members that are no answer when nothing is in them."""

_NOTHING: Final = frozenset({"", "none", "null", "no error", "no errors", "ok", "false", "0"})


def find_failure(output: JSONValue) -> str | None:
    """What an output says went wrong, or `None` when it does not plainly say so.

    >>> find_failure("Error: user not found"), find_failure('{"error": "closed"}'), find_failure("No events found.")
    ('Error: user not found', 'closed', None)
    """
    return _find_failure_in(_parse_if_report(output))


def find_doubt(output: JSONValue) -> str | None:
    """What an output says that may mean a failure, or `None`; every failure is a doubt too.

    >>> find_doubt("Unable to lock the order"), find_doubt({"ok": False, "orders": []}), find_doubt("Errors last week: 3")
    ('Unable to lock the order', '{"ok":false,"orders":[]}', None)
    """
    value = _parse_if_report(output)
    if (failure := _find_failure_in(value)) is not None:
        return failure
    if isinstance(value, str):
        return _cut(value) if _DOUBT.match(value) or _FAILURE.match(value) else None
    if not isinstance(value, dict) or not _is_bad(value):
        return None
    return None if _is_record(value) else _extract_words(value)


def is_silent(output: JSONValue, decoded: JSONValue) -> bool:
    """Whether an output is an object with no member that may tell of a failure, as most are: neither of the above applies.

    Args:
        output: as the tool gave it.
        decoded: the same with its structure recovered, where that is known already.
    """
    is_object = isinstance(output, dict) or (isinstance(output, str) and output[:1] == "{")
    return is_object and isinstance(decoded, dict) and _TELLING.isdisjoint(decoded)


def _parse_if_report(output: JSONValue) -> JSONValue:
    """What to judge an output by: the object that a text is, else the output itself."""
    if not isinstance(output, str):
        return output
    if len(output) > _MAX_REPORT or output.lstrip()[:1] != "{":
        return output
    report = _parse_report(output)
    return output if report is None else report


def _find_failure_in(value: JSONValue) -> str | None:
    if isinstance(value, str):
        return _cut(value) if _FAILURE.match(value) and _count_failure_lines(value) == 1 else None
    if not isinstance(value, dict) or not _is_bad(value) or not _is_report(value):
        return None
    return _extract_words(value)


def _is_record(value: Mapping[str, JSONValue]) -> bool:
    """Whether only its state is bad, and nothing explains it, as of a payment that failed."""
    if any(_is_flagged(value, flag) for flag in (*_FLAGS, *_VERDICTS)) or value.keys() & set(_WORDS):
        return False
    return not any(str(value.get(key)).strip().lower() == "error" for key in _STATES)


def _parse_report(text: str) -> dict[str, JSONValue] | None:
    """The object that a text is, in JSON or Python."""
    try:
        value = loads(text)
    except ValueError:
        value = read_python(text)
    return value if isinstance(value, dict) else None


def _count_failure_lines(text: str) -> int:
    """How many lines begin like a failure, two at most; a traceback is one."""
    found = 0
    if "traceback" in text[:60].lower():
        return 1
    for line in text[:_MAX_REPORT].splitlines():
        found += bool(line.strip() and _FAILURE.match(line))
        if found > 1:
            break
    return found


def _is_bad(value: Mapping[str, JSONValue]) -> bool:
    if _TELLING.isdisjoint(value):
        return False
    if any(_is_flagged(value, flag) for flag in (*_FLAGS, *_VERDICTS)):
        return True
    states = (value.get(key) for key in _STATES)
    if any(isinstance(state, str) and state.strip().lower() in _BAD_STATES for state in states):
        return True
    codes = (value.get(key) for key in _CODES)
    return any(type(code) is int and 400 <= code < 600 for code in codes)  # noqa: PLR2004  # HTTP


def _is_flagged(value: Mapping[str, JSONValue], flag: str) -> bool:
    told = value.get(flag)
    if flag in _VERDICTS:
        return told is False or (isinstance(told, str) and told.strip().lower() in ("false", "no"))
    if isinstance(told, str):
        return told.strip().lower() not in _NOTHING
    return bool(told)


def _is_report(value: Mapping[str, JSONValue]) -> bool:
    others = value.keys() - _REPORT_KEYS
    if "jsonrpc" in value:
        others -= {"id"}
    return all(key in _EMPTY_KEYS and not value[key] for key in others)


def _extract_words(value: Mapping[str, JSONValue]) -> str:
    words = next((value[key] for key in _WORDS if value.get(key) and not isinstance(value[key], bool)), None)
    return _cut(words if isinstance(words, str) else dumps(words or dict(value)))


def _cut(text: str) -> str:
    return text.strip()[:MAX_ERROR_TEXT]
