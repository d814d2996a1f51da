"""Which outputs plainly say that a call failed."""

from __future__ import annotations

import json

import pytest

from langchain_awo.capture.importers import import_messages
from langchain_awo.capture.importers.outcome import error_in


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ("Error: user not found", "Error: user not found"),
        ("Error executing tool pay: timeout", "Error executing tool pay: timeout"),
        ("Traceback (most recent call last):\n  ...", "Traceback (most recent call last):\n  ..."),
        ("ValueError: bad id", "ValueError: bad id"),
        ("requests.exceptions.HTTPError: 404", "requests.exceptions.HTTPError: 404"),
        ("KeyError('x')", "KeyError('x')"),
        ("py is not a valid tool, try one of [a, b].", "py is not a valid tool, try one of [a, b]."),
        ('{"error": "closed"}', "closed"),
        ("{'error': 'closed', 'code': 7}", "closed"),
        ({"error": {"code": 7}}, '{"code":7}'),
        ({"success": False, "message": "no stock"}, "no stock"),
        ({"isError": True, "content": "x"}, '{"content":"x","isError":true}'),
    ],
)
def test_a_report_of_failure_is_an_error(output, error):
    """Outputs that can be nothing but a report of failure are recognised, with their words."""
    assert error_in(output) == error


@pytest.mark.parametrize(
    "output",
    [
        "No events found.",
        "Errors in the log: 3",
        "Error rates fell by half",
        "The Error: a novel",
        "",
        None,
        7,
        [],
        {"error": None, "code": 0},
        {"error": "typo in line 3", "corrected": "..."},
        {"success": True, "message": "done"},
        {"success": False, "orders": []},
        '{"error": "unfinished',
    ],
)
def test_an_answer_is_not_an_error(output):
    """What may be the very thing that was asked for is left alone."""
    assert error_in(output) is None


def test_the_status_of_a_message_counts_and_the_output_is_kept():
    """A tool message that says `status: error` is one, whatever its words."""
    call = {"id": "a", "function": {"name": "f", "arguments": "{}"}}
    answer = {"role": "tool", "tool_call_id": "a", "content": "not today", "status": "error"}
    line = json.dumps({"messages": [{"role": "assistant", "tool_calls": [call]}, answer]})
    (failed,) = next(import_messages([line])).tool_calls
    assert (failed.status, failed.error, failed.output) == ("error", "not today", "not today")
